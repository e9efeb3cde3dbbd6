import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { SubjectName } from '../parts/badge.tsx';
import { Listed, useList } from '../parts/list.tsx';
import { Segments } from '../parts/segments.tsx';
import { Panel } from '../parts/states.tsx';
import { t } from '../words/language.ts';

const KINDS = ['customer', 'line', 'trunk'] as const;

/** Of customers, lines and trunks, as far as they are shown. */
interface Entry {
  readonly id: string;
  readonly name?: string;
  readonly customer?: string;
  readonly policy?: string;
  readonly plan?: string;
  readonly numbers?: readonly unknown[];
  readonly sources?: readonly string[];
}

const PATIENCE_MS = 250;

/** Who is provisioned: found by id, name, user name or number. */
export function Directory() {
  const kind = useSignal<(typeof KINDS)[number]>('customer');
  const search = useSignal('');
  const typed = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const wanted = search.value === '' ? '' : `&search=${encodeURIComponent(search.value)}`;
  const list = useList<Entry>(`/v1/directory/${kind.value}s?limit=50${wanted}`);
  return (
    <>
      <div class="page-head">
        <h1>{t('nav.directory')}</h1>
        <search class="search">
          <input
            type="search"
            data-search
            aria-label={t('directory.search')}
            placeholder={t('directory.search')}
            maxLength={128}
            spellcheck={false}
            onInput={({ currentTarget: { value } }) => {
              clearTimeout(typed.current);
              typed.current = setTimeout(() => {
                search.value = value.trim();
              }, PATIENCE_MS);
            }}
          />
        </search>
      </div>
      <Panel
        id="entries"
        title={t(`directory.${kind.value}`)}
        tools={<Segments name="kind" of={KINDS} chosen={kind} word={(one) => t(`directory.${one}`)} />}
      >
        <Listed list={list} none={t(search.value === '' ? 'directory.none' : 'directory.notFound')}>
          {(items) => (
            <ul class="rows">
              {items.map((entry) => (
                <li key={entry.id} class="row" data-row>
                  <div class="row-main">
                    <div class="row-top">
                      <SubjectName subject={{ kind: kind.value, id: entry.id }} />
                      {entry.name !== undefined && <bdi>{entry.name}</bdi>}
                    </div>
                    <p class="muted small">{detailsOf(entry)}</p>
                  </div>
                  {entry.customer !== undefined && (
                    <SubjectName subject={{ kind: 'customer', id: entry.customer }} />
                  )}
                </li>
              ))}
            </ul>
          )}
        </Listed>
      </Panel>
    </>
  );
}

/** Numbers and addresses that are listed; the rest is in the file. */
const SHOWN = 3;

function detailsOf({ numbers = [], sources = [], plan, policy }: Entry): string {
  const told = [...numbers.filter((one) => typeof one === 'string'), ...sources];
  const more = numbers.length + sources.length - SHOWN;
  return [
    told.slice(0, SHOWN).join(', ') + (more > 0 ? ` ${t('directory.more', { count: more })}` : ''),
    plan,
    policy,
  ]
    .filter(Boolean)
    .join(' · ');
}
