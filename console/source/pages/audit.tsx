import { useSignal } from '@preact/signals';
import type { AuditItem } from '../api.ts';
import { reasonWords } from '../findings.ts';
import { Badge, SubjectName, Time } from '../parts/badge.tsx';
import { Listed, useList } from '../parts/list.tsx';
import { Segments } from '../parts/segments.tsx';
import { Panel } from '../parts/states.tsx';
import { maybe, t } from '../words/language.ts';

/** Who did what, and what became of suspensions: for those who may administer. */
export function Audit() {
  const list = useList<AuditItem>('/v1/audit?limit=200');
  const who = useSignal<'everybody' | 'people'>('everybody');
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t('nav.audit')}</h1>
          <p class="muted">{t('audit.hint')}</p>
        </div>
      </div>
      <Panel
        id="audit"
        title={t('audit.title')}
        tools={
          <Segments name="who" of={['everybody', 'people']} chosen={who} word={(one) => t(`audit.${one}`)} />
        }
      >
        <Listed list={list} none={t('audit.none')}>
          {(items) => (
            <ul class="rows">
              {items
                .filter(({ by }) => who.value === 'everybody' || by !== 'vigie')
                .map((item) => (
                  <AuditRow key={item.entry} item={item} />
                ))}
            </ul>
          )}
        </Listed>
      </Panel>
    </>
  );
}

function AuditRow({ item }: { item: AuditItem }) {
  const { kind, at = '', by, operation = '', status = '', body, path, subject = '', to = '', reason } = item;
  const colon = subject.indexOf(':');
  return (
    <li class="row" data-row tabIndex={-1}>
      <span class="row-time number">
        <Time at={at} />
      </span>
      <div class="row-main">
        <div class="row-top">
          {kind === 'request' ? (
            <>
              <Badge tone={status < '400' ? 'good' : 'warning'} text={status} />
              <span title={path}>{maybe(`operation.${operation}`) ?? operation}</span>
            </>
          ) : (
            <>
              <Badge tone="quiet" text={maybe(`suspension.state.${to}`) ?? to} />
              <SubjectName
                subject={{ kind: subject.slice(0, colon) as 'line', id: subject.slice(colon + 1) }}
              />
            </>
          )}
          <bdi class="muted">{by}</bdi>
        </div>
        <p class="muted small line">
          <bdi>{kind === 'request' ? `${path} ${body}` : reasonWords(reason ?? '')}</bdi>
        </p>
      </div>
    </li>
  );
}
