import { useSignal } from '@preact/signals';
import { ask, type LadderStep, type Mode, type Modes, type Policy, type PolicyRule } from '../api.ts';
import {
  clauseWords,
  contractWords,
  modes,
  policies,
  policiesFailure,
  readPolicies,
  ruleTitle,
} from '../catalogue.ts';
import { amount, kindWord, span } from '../format.ts';
import { ConfirmDialog } from '../parts/acts.tsx';
import { Badge, Time } from '../parts/badge.tsx';
import { tell } from '../parts/notice.tsx';
import { Empty, Failed, Loading, Panel } from '../parts/states.tsx';
import { policyLink } from '../router.ts';
import { mayAdminister } from '../session.ts';
import { maybe, t } from '../words/language.ts';
import { detectorName } from '../words/rules.ts';

export function Policies({ id }: { id: string | null }) {
  const all = policies.value;
  const failure = policiesFailure.value;
  if (all === null) {
    return failure === null ? (
      <Loading rows={8} />
    ) : (
      <Failed failure={failure} again={() => void readPolicies()} />
    );
  }
  if (id !== null) {
    const policy = all.find((one) => one.id === id);
    return policy === undefined ? <Empty title={t('policy.notFound')} /> : <PolicyPage policy={policy} />;
  }
  return (
    <>
      <div class="page-head">
        <div>
          <h1>{t('policies.title')}</h1>
          <p class="muted">{t('policies.hint')}</p>
        </div>
      </div>
      {all.length === 0 && <Empty title={t('policies.none')} />}
      <div class="cards">
        {all.map((policy) => (
          <article key={policy.id} class="panel card" aria-labelledby={`policy-${policy.id}`}>
            <h2 id={`policy-${policy.id}`}>
              <a href={policyLink(policy.id)}>{policy.id}</a>{' '}
              {policy.isDefault && <Badge tone="quiet" text={t('policies.default')} />}
            </h2>
            <p>{contractWords(policy)}</p>
            <p class="muted small">
              {t('policies.version')} {policy.version.split('+')[0]} ·{' '}
              {t('policies.rules', { count: policy.rules.filter(({ enabled }) => enabled).length })}
            </p>
            <ModeSwitch target={policy.id} mode={policy.mode} name={policy.id} />
          </article>
        ))}
      </div>
    </>
  );
}

/** Two buttons, one of them pressed; each change asks first. */
function ModeSwitch({ target, mode, name }: { target: string; mode: Mode | 'mixed'; name: string }) {
  const wanted = useSignal<Mode | null>(null);
  const refusal = mayAdminister.value ? null : t('mode.notAllowed');
  const change = async (): Promise<void> => {
    const to = wanted.value;
    if (to === null) return;
    modes.value = await ask<Modes>('/v1/modes', {
      method: 'PUT',
      body: { target, mode: to, reason: `${t(`mode.${to}`)}: console` },
    });
    await readPolicies();
    tell(t('mode.changed', { what: name, mode: t(`mode.${to}`) }));
  };
  return (
    <>
      {/* biome-ignore lint/a11y/useSemanticElements: a toolbar of two toggles, no form field */}
      <div class="switch" role="group" aria-label={`${t('policy.mode')}: ${name}`}>
        {(['observe', 'enforce'] as const).map((one) => (
          <button
            key={one}
            type="button"
            class={`switch-${one}`}
            aria-pressed={mode === one}
            aria-disabled={refusal !== null}
            title={refusal ?? t(`mode.${one}.tip`)}
            onClick={() => {
              if (refusal !== null) tell(refusal);
              else if (mode !== one) wanted.value = one;
            }}
          >
            {t(`mode.${one}`)}
          </button>
        ))}
      </div>
      {wanted.value !== null && (
        <ConfirmDialog
          title={t(`mode.${wanted.value}.title`, { what: name })}
          text={t(`mode.${wanted.value}.text`)}
          confirm={t(`mode.${wanted.value}.confirm`)}
          danger={wanted.value === 'enforce'}
          act={change}
          onClose={() => {
            wanted.value = null;
          }}
        />
      )}
    </>
  );
}

function PolicyPage({ policy }: { policy: Policy }) {
  const find = useSignal('');
  const wanted = find.value.trim().toLowerCase();
  const shown = policy.rules.filter(
    ({ id, title, clause, detector }) =>
      wanted === '' ||
      `${id} ${title} ${ruleTitle(id)} ${clause} ${detectorName(detector)}`.toLowerCase().includes(wanted),
  );
  return (
    <>
      <div class="page-head">
        <div>
          <p class="small">
            <a href="#/policies">← {t('policy.back')}</a>
          </p>
          <h1>{policy.id}</h1>
          <p class="muted">
            {contractWords(policy)} · {t('policies.version')} {policy.version.split('+')[0]}
          </p>
        </div>
        <div class="tools stacked">
          <span class="small muted">{t('mode.whole')}</span>
          <ModeSwitch target={policy.id} mode={policy.mode} name={policy.id} />
        </div>
      </div>
      <Panel
        id="rules"
        title={t('policies.rules', { count: shown.length })}
        tools={
          <input
            type="search"
            aria-label={t('policy.find')}
            placeholder={t('policy.find')}
            value={find.value}
            onInput={(event) => {
              find.value = event.currentTarget.value;
            }}
          />
        }
      >
        <ul class="rules">
          {shown.map((rule) => (
            <Rule key={rule.id} rule={rule} policy={policy.id} />
          ))}
        </ul>
      </Panel>
    </>
  );
}

function Rule({ rule, policy }: { rule: PolicyRule; policy: string }) {
  const override = modes.value?.items.find(({ target }) => target === rule.id)?.override ?? null;
  const acts = rule.ladder.some(({ action }) => action !== 'alert');
  return (
    <li class={`rule ${rule.enabled ? '' : 'off'}`} data-row>
      <div>
        <h3>{ruleTitle(rule.id)}</h3>
        <p class="muted small">
          <span title={t('policy.clause')}>{clauseWords({ policy, clause: rule.clause })}</span> ·{' '}
          {kindWord(rule.subject)} · <code>{rule.id}</code>
        </p>
        {rule.maturity === 'incubating' && <Badge tone="accent" text={t('policy.maturity.incubating')} />}
        {override !== null && (
          <p class="small">
            {t('mode.own')}: {override.by}, <Time at={override.at} />, {override.reason}
          </p>
        )}
      </div>
      <Parameters rule={rule} />
      <ol class="steps" aria-label={t('policy.ladder')}>
        {rule.ladder.map((step, index) => (
          <li key={index} class={step.action === 'alert' ? '' : 'act'}>
            {maybe(`action.${step.action}`) ?? step.action}
            {conditionWords(step) !== '' && <span class="muted"> {conditionWords(step)}</span>}
          </li>
        ))}
      </ol>
      <div class="rule-mode">
        {acts && rule.enabled ? (
          <ModeSwitch target={rule.id} mode={rule.mode} name={detectorName(rule.detector)} />
        ) : (
          <span class="muted small">{t('alert.alert.tip')}</span>
        )}
      </div>
    </li>
  );
}

/** What a contract speaks of; the rest is fine tuning. */
const SPOKEN = 3;

function Parameters({ rule }: { rule: PolicyRule }) {
  const all = Object.entries(rule.parameters).filter(
    ([, { value }]) => !(Array.isArray(value) && value.length === 0),
  );
  const row = ([name, { value, unit, description }]: (typeof all)[number]) => (
    <div key={name}>
      <dt title={description}>{name}</dt>
      <dd class="number">{parameterWords(value, unit)}</dd>
    </div>
  );
  const rest = all.slice(SPOKEN);
  return (
    <div class="parameters">
      <dl>{all.slice(0, SPOKEN).map(row)}</dl>
      {rule.ladder.some(({ significant }) => significant === true) && (
        <p class="muted small">
          {t('policy.minimumSample', { count: rule.minimumSample })},{' '}
          {t('policy.confidence', { value: amount(rule.confidence, 'ratio') })}
        </p>
      )}
      {rest.length > 0 && (
        <details>
          <summary>{t('policy.more', { count: rest.length })}</summary>
          <dl>{rest.map(row)}</dl>
        </details>
      )}
    </div>
  );
}

function conditionWords({ forMs, repeats, withinMs, significant }: LadderStep): string {
  const parts: string[] = [];
  if (forMs !== undefined && forMs > 0) parts.push(t('policy.for', { span: span(forMs / 1000) }));
  if (repeats !== undefined)
    parts.push(
      withinMs === undefined
        ? t('policy.times', { count: repeats })
        : t('policy.timesWithin', { count: repeats, span: span(withinMs / 1000) }),
    );
  if (significant === true) parts.push(t('policy.significant'));
  return parts.join(', ');
}

function parameterWords(value: unknown, unit: string | null): string {
  if (typeof value === 'number') {
    if (unit === 'ms' || unit === 'milliseconds') return span(value / 1000);
    return amount(value, unit);
  }
  if (typeof value === 'boolean') return t(value ? 'evidence.yes' : 'evidence.no');
  if (Array.isArray(value)) return value.join(', ');
  return value === null || value === undefined
    ? '–'
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
}
