import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { ask, RequestFailure, type Subject, type Suspension } from '../api.ts';
import { span, subjectWords } from '../format.ts';
import { brake, openSuspensions, putSuspensions } from '../live.ts';
import { mayAdminister, mayLift } from '../session.ts';
import { t } from '../words/language.ts';
import { Dialog } from './dialog.tsx';
import { tell } from './notice.tsx';

/** A button that says why it cannot be used instead of vanishing. It keeps its place in the focus order. */
export function GuardedButton(props: {
  refusal: string | null;
  onClick: () => void;
  class?: string;
  name?: string;
  children: ComponentChildren;
}) {
  const { refusal } = props;
  return (
    <button
      type="button"
      class={props.class ?? ''}
      aria-disabled={refusal !== null}
      aria-label={props.name}
      title={refusal ?? undefined}
      data-name={props.name}
      onClick={(event) => {
        event.stopPropagation();
        if (refusal === null) props.onClick();
        else tell(refusal);
      }}
    >
      {props.children}
    </button>
  );
}

/** Sends an act and shows what the daemon says to it. */
function useAct(act: () => Promise<void>, done: () => void) {
  const busy = useSignal(false);
  const failure = useSignal<string | null>(null);
  const run = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    failure.value = null;
    try {
      await act();
      done();
    } catch (error) {
      if (!(error instanceof RequestFailure)) throw error;
      failure.value = error.code === 'offline' ? t('state.offline') : error.message;
    } finally {
      busy.value = false;
    }
  };
  return { busy, failure, run };
}

function Buttons(props: { confirm: string; busy: boolean; danger?: boolean; onCancel: () => void }) {
  return (
    <footer>
      <button type="button" onClick={props.onCancel}>
        {t('dialog.cancel')}
      </button>
      <button
        type="submit"
        class={props.danger === true ? 'danger' : 'primary'}
        aria-disabled={props.busy}
        data-first
      >
        {props.confirm}
      </button>
    </footer>
  );
}

const HOUR = 3_600;
const GRACES = [0, HOUR, 4 * HOUR, 24 * HOUR, 7 * 24 * HOUR];
const graceWords = (seconds: number): string => (seconds === 0 ? t('lift.grace.none') : span(seconds));

function Reasons(props: { reasons: readonly string[]; onChoose: (reason: string) => void }) {
  return (
    <div class="choices">
      {props.reasons.map((reason) => (
        <button key={reason} type="button" class="chip" onClick={() => props.onChoose(reason)}>
          {reason}
        </button>
      ))}
    </div>
  );
}

function ReasonField(props: { label: string; value: string; onValue: (value: string) => void }) {
  return (
    <label class="field">
      <span>{props.label}</span>
      <input
        type="text"
        required
        maxLength={1000}
        value={props.value}
        onInput={(event) => props.onValue(event.currentTarget.value)}
      />
    </label>
  );
}

/** The first click opens it with a reason and a grace ready; the second lifts. */
export function LiftButton({ suspension, compact = false }: { suspension: Suspension; compact?: boolean }) {
  const open = useSignal(false);
  const name = `${t('suspension.lift')} ${subjectWords(suspension.subject)}`;
  return (
    <>
      <GuardedButton
        class={compact ? 'lift small-button' : 'lift primary'}
        refusal={mayLift.value ? null : t('lift.notAllowed')}
        name={name}
        onClick={() => {
          open.value = true;
        }}
      >
        {t('suspension.lift')}
      </GuardedButton>
      {open.value && (
        <LiftDialog
          suspension={suspension}
          onClose={() => {
            open.value = false;
          }}
        />
      )}
    </>
  );
}

function LiftDialog({ suspension, onClose }: { suspension: Suspension; onClose: () => void }) {
  const reason = useSignal(t('lift.reason.spoke'));
  const grace = useSignal(HOUR);
  const words = subjectWords(suspension.subject);
  const act = useAct(async () => {
    const lifted = await ask<Suspension>(`/v1/suspensions/${encodeURIComponent(suspension.id)}/lift`, {
      method: 'POST',
      body: { reason: reason.value, graceSeconds: grace.value },
    });
    putSuspensions([lifted]);
    tell(t('lift.done', { subject: words }));
  }, onClose);
  return (
    <Dialog title={t('lift.title', { subject: words })} onClose={onClose}>
      <form onSubmit={(event) => void act.run(event)}>
        <ReasonField
          label={t('lift.reason')}
          value={reason.value}
          onValue={(to) => {
            reason.value = to;
          }}
        />
        <Reasons
          reasons={[t('lift.reason.spoke'), t('lift.reason.false'), t('lift.reason.fixed')]}
          onChoose={(to) => {
            reason.value = to;
          }}
        />
        <fieldset class="field">
          <legend>{t('lift.grace')}</legend>
          <div class="segments">
            {GRACES.map((seconds) => (
              <label key={seconds}>
                <input
                  type="radio"
                  name="grace"
                  checked={grace.value === seconds}
                  onChange={() => {
                    grace.value = seconds;
                  }}
                />
                <span>{graceWords(seconds)}</span>
              </label>
            ))}
          </div>
        </fieldset>
        {act.failure.value !== null && (
          <p class="problem" role="alert">
            {act.failure.value}
          </p>
        )}
        <Buttons
          confirm={act.busy.value ? t('lift.busy') : t('lift.confirm')}
          busy={act.busy.value}
          onCancel={onClose}
        />
      </form>
    </Dialog>
  );
}

const DURATIONS: readonly (number | null | undefined)[] = [undefined, HOUR, 24 * HOUR, null];
const durationWords = (seconds: number | null | undefined): string =>
  seconds === undefined
    ? t('suspend.duration.default')
    : seconds === null
      ? t('suspend.duration.lifted')
      : span(seconds);

export function SuspendButton({ subject, onDone }: { subject: Subject; onDone: () => void }) {
  const open = useSignal(false);
  const already = openSuspensions.value.some(
    (one) => one.subject.kind === subject.kind && one.subject.id === subject.id && one.rule === 'manual',
  );
  const refusal =
    subject.kind === 'called' || subject.kind === 'claimed'
      ? t('suspend.notThisKind')
      : !mayAdminister.value
        ? t('suspend.notAllowed')
        : already
          ? t('suspend.already')
          : null;
  return (
    <>
      <GuardedButton
        refusal={refusal}
        onClick={() => {
          open.value = true;
        }}
      >
        {t('suspend.button')}
      </GuardedButton>
      {open.value && (
        <SuspendDialog
          subject={subject}
          onClose={() => {
            open.value = false;
          }}
          onDone={() => {
            open.value = false;
            onDone();
          }}
        />
      )}
    </>
  );
}

function SuspendDialog(props: { subject: Subject; onClose: () => void; onDone: () => void }) {
  const { subject } = props;
  const reason = useSignal('');
  const duration = useSignal<number | null | undefined>(undefined);
  const anyway = useSignal(false);
  const words = subjectWords(subject);
  const act = useAct(async () => {
    const made = await ask<Suspension>('/v1/suspensions', {
      method: 'POST',
      body: {
        subject,
        reason: reason.value,
        ...(duration.value === undefined ? {} : { durationSeconds: duration.value }),
        ...(anyway.value ? { mode: 'enforce' } : {}),
      },
    });
    putSuspensions([made]);
    tell(t('suspend.done', { subject: words }));
  }, props.onDone);
  return (
    <Dialog title={t('suspend.title', { subject: words })} onClose={props.onClose}>
      <form onSubmit={(event) => void act.run(event)}>
        <p class="muted">
          {t(subject.kind === 'source' ? 'suspension.scope.registration' : 'suspension.scope.outgoing')}
        </p>
        <ReasonField
          label={t('suspend.reason')}
          value={reason.value}
          onValue={(to) => {
            reason.value = to;
          }}
        />
        <fieldset class="field">
          <legend>{t('suspend.duration')}</legend>
          <div class="segments">
            {DURATIONS.map((seconds) => (
              <label key={String(seconds)}>
                <input
                  type="radio"
                  name="duration"
                  checked={duration.value === seconds}
                  onChange={() => {
                    duration.value = seconds;
                  }}
                />
                <span>{durationWords(seconds)}</span>
              </label>
            ))}
          </div>
        </fieldset>
        <label class="check">
          <input
            type="checkbox"
            checked={anyway.value}
            onChange={(event) => {
              anyway.value = event.currentTarget.checked;
            }}
          />
          {t('suspend.anyway')}
        </label>
        {act.failure.value !== null && (
          <p class="problem" role="alert">
            {act.failure.value}
          </p>
        )}
        <Buttons confirm={t('suspend.confirm')} busy={act.busy.value} danger onCancel={props.onClose} />
      </form>
    </Dialog>
  );
}

export function BrakeReleaseButton() {
  const open = useSignal(false);
  return (
    <>
      <GuardedButton
        refusal={mayAdminister.value ? null : t('mode.notAllowed')}
        onClick={() => {
          open.value = true;
        }}
      >
        {t('brake.release')}
      </GuardedButton>
      {open.value && (
        <BrakeDialog
          onClose={() => {
            open.value = false;
          }}
        />
      )}
    </>
  );
}

function BrakeDialog({ onClose }: { onClose: () => void }) {
  const reason = useSignal(t('brake.reason.default'));
  const act = useAct(async () => {
    brake.value = await ask('/v1/brake/release', { method: 'POST', body: { reason: reason.value } });
  }, onClose);
  return (
    <Dialog title={t('brake.release.title')} onClose={onClose}>
      <form onSubmit={(event) => void act.run(event)}>
        <p>{t('brake.release.text')}</p>
        <ReasonField
          label={t('lift.reason')}
          value={reason.value}
          onValue={(to) => {
            reason.value = to;
          }}
        />
        {act.failure.value !== null && (
          <p class="problem" role="alert">
            {act.failure.value}
          </p>
        )}
        <Buttons confirm={t('brake.release.confirm')} busy={act.busy.value} danger onCancel={onClose} />
      </form>
    </Dialog>
  );
}

/** A yes or no before something that acts on many. */
export function ConfirmDialog(props: {
  title: string;
  text: string;
  confirm: string;
  danger: boolean;
  act: () => Promise<void>;
  onClose: () => void;
}) {
  const act = useAct(props.act, props.onClose);
  return (
    <Dialog title={props.title} onClose={props.onClose}>
      <form onSubmit={(event) => void act.run(event)}>
        <p>{props.text}</p>
        {act.failure.value !== null && (
          <p class="problem" role="alert">
            {act.failure.value}
          </p>
        )}
        <Buttons
          confirm={props.confirm}
          busy={act.busy.value}
          danger={props.danger}
          onCancel={props.onClose}
        />
      </form>
    </Dialog>
  );
}
