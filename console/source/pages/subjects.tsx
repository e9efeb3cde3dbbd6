import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Ranked, SubjectKind } from '../api.ts';
import { kindWord } from '../format.ts';
import { takeSearchWanted } from '../keys.ts';
import { Segments } from '../parts/segments.tsx';
import { Failed, Loading, Panel } from '../parts/states.tsx';
import { useAsked } from '../reading.ts';
import { go, subjectLink } from '../router.ts';
import { t } from '../words/language.ts';
import { Closest } from './overview.tsx';

const KINDS: readonly SubjectKind[] = ['line', 'customer', 'trunk', 'source', 'called'];

/** What somebody types is most often of this kind. */
export function guessKind(text: string): SubjectKind {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text) || /^[0-9a-f]*:[0-9a-f:.]+$/i.test(text)) return 'source';
  return /^\+?\d{3,}$/.test(text) ? 'line' : 'customer';
}

export function Search() {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (takeSearchWanted()) field.current?.focus();
  }, []);
  const text = useSignal('');
  const kind = useSignal<SubjectKind | null>(null);
  const id = text.value.trim();
  const chosen = kind.value ?? guessKind(id);
  return (
    <search class="search">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (id === '') return;
          go(subjectLink({ kind: chosen, id }));
        }}
      >
        <select
          aria-label={t('subjects.column.subject')}
          value={chosen}
          onChange={(event) => {
            kind.value = event.currentTarget.value as SubjectKind;
          }}
        >
          {KINDS.map((one) => (
            <option key={one} value={one}>
              {kindWord(one)}
            </option>
          ))}
        </select>
        <input
          type="search"
          ref={field}
          data-search
          aria-label={t('subjects.search')}
          placeholder={t('subjects.search.placeholder')}
          value={text.value}
          maxLength={128}
          spellcheck={false}
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
        />
        <button type="submit">{t('subjects.open')}</button>
      </form>
    </search>
  );
}

export function Subjects() {
  const sort = useSignal<'pressure' | 'rate'>('pressure');
  const ranked = useAsked<{ items: readonly Ranked[] }>(`/v1/subjects?sort=${sort.value}&limit=100`, 2_000);
  return (
    <>
      <div class="page-head">
        <h1>{t('subjects.title')}</h1>
        <Search />
      </div>
      <Panel
        id="ranked"
        title={t(sort.value === 'pressure' ? 'subjects.pressure' : 'subjects.rate')}
        tools={
          <Segments
            name="sort"
            of={['pressure', 'rate']}
            chosen={sort}
            word={(one) => t(`subjects.${one}`)}
          />
        }
      >
        {ranked.value !== null ? (
          <Closest items={ranked.value.items} />
        ) : ranked.failure !== null ? (
          <Failed failure={ranked.failure} again={ranked.again} />
        ) : (
          <Loading rows={12} />
        )}
      </Panel>
    </>
  );
}
