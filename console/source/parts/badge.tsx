import type { AlertKind, Mode, Subject, Suspension } from '../api.ts';
import { clock, fullTime, kindWord } from '../format.ts';
import { subjectLink } from '../router.ts';
import { maybe, t } from '../words/language.ts';

export type Tone = 'critical' | 'warning' | 'good' | 'quiet' | 'accent';

/** Status is never colour alone: each tone has a shape of its own, and the word stands beside it. */
const shapes: Readonly<Record<Tone, string>> = {
  critical: 'M2 2h8v8H2z',
  warning: 'M6 1.5l5 9H1z',
  good: 'M6 1.5a4.5 4.5 0 1 1 0 9a4.5 4.5 0 0 1 0-9z',
  quiet: 'M6 2.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 0 1 0-7zm0 1.5a2 2 0 1 0 0 4a2 2 0 0 0 0-4z',
  accent: 'M6 1l5 5l-5 5l-5-5z',
};

export function Shape({ tone }: { tone: Tone }) {
  return (
    <svg class={`shape ${tone}`} viewBox="0 0 12 12" aria-hidden="true">
      <path d={shapes[tone]} />
    </svg>
  );
}

export function Badge({ tone, text, tip }: { tone: Tone; text: string; tip?: string | undefined }) {
  return (
    <span class={`badge ${tone}`} title={tip}>
      <Shape tone={tone} />
      {text}
    </span>
  );
}

const alertTones: Readonly<Partial<Record<AlertKind, Tone>>> = {
  alert: 'warning',
  suspended: 'critical',
  'registration-blocked': 'critical',
  'calls-ended': 'critical',
  'caller-id-restricted': 'warning',
  'excess-refused': 'warning',
  'billed-per-minute': 'warning',
  held: 'warning',
};

export const alertTone = (kind: AlertKind): Tone =>
  alertTones[kind] ?? (kind.startsWith('would-') ? 'accent' : 'quiet');

export function AlertBadge({ kind }: { kind: AlertKind }) {
  return (
    <Badge
      tone={alertTone(kind)}
      text={t(`alert.${kind}`)}
      tip={maybe(kind.startsWith('would-') ? 'alert.would.tip' : `alert.${kind}.tip`) ?? undefined}
    />
  );
}

/** Somebody cannot call or register; the other effects only limit. */
export const stops = ({ scope }: Suspension): boolean => scope === 'outgoing' || scope === 'registration';

export function SuspensionBadge({ suspension }: { suspension: Suspension }) {
  const { state } = suspension;
  const tone: Tone =
    state === 'lifted' || state === 'expired'
      ? 'good'
      : (state === 'active' || state === 'escalated') && stops(suspension)
        ? 'critical'
        : 'warning';
  return <Badge tone={tone} text={t(`suspension.state.${state}`)} />;
}

export function ModeBadge({ mode }: { mode: Mode }) {
  return (
    <Badge
      tone={mode === 'enforce' ? 'good' : 'accent'}
      text={t(`mode.${mode}`)}
      tip={t(`mode.${mode}.tip`)}
    />
  );
}

export function SubjectName({ subject, plain = false }: { subject: Subject; plain?: boolean }) {
  const words = (
    <>
      <span class="kind" title={t(`kind.${subject.kind}.tip`)}>
        {kindWord(subject.kind)}
      </span>{' '}
      <span class="id">{subject.id}</span>
    </>
  );
  if (plain) return <span class="subject">{words}</span>;
  return (
    <a class="subject" href={subjectLink(subject)}>
      {words}
    </a>
  );
}

export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={fullTime(at)}>
      {clock(at)}
    </time>
  );
}
