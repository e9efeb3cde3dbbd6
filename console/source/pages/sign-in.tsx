import { useSignal } from '@preact/signals';
import { ask, RequestFailure } from '../api.ts';
import { Logo } from '../parts/logo.tsx';
import { LanguageButton, ThemeButton } from '../parts/menu.tsx';
import { type Session, signedOutBecause, signIn } from '../session.ts';
import { t } from '../words/language.ts';

export function SignIn() {
  const given = useSignal('');
  const busy = useSignal(false);
  const shown = useSignal(false);
  const failure = useSignal<string | null>(null);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const token = given.value.trim().replace(/^Bearer\s+/i, '');
    if (token === '') {
      failure.value = t('signin.empty');
      return;
    }
    busy.value = true;
    failure.value = null;
    try {
      // Bytes that no header can hold cannot be a token either.
      if (!/^[\x21-\x7e]+$/.test(token)) throw new RequestFailure('token-unknown', 401, '');
      signIn(token, await ask<Session>('/v1/session', { as: token }));
    } catch (error) {
      if (!(error instanceof RequestFailure)) throw error;
      failure.value =
        error.code === 'offline'
          ? t('signin.offline', { host: location.host })
          : error.status === 401
            ? t('signin.refused')
            : error.message;
    } finally {
      busy.value = false;
    }
  };
  const ended = signedOutBecause.value !== null && failure.value === null;
  return (
    <main class="signin" id="content">
      <form class="signin-card" onSubmit={(event) => void submit(event)} autocomplete="off">
        <Logo />
        <h1>{t('signin.title')}</h1>
        {ended && (
          <p class="problem" role="alert">
            {t('signin.ended')}
          </p>
        )}
        <label class="field">
          <span>{t('signin.token')}</span>
          <input
            {...({ type: shown.value ? 'text' : 'password' } as { type: 'text' })}
            name="token"
            value={given.value}
            spellcheck={false}
            autocomplete="off"
            autocapitalize="off"
            placeholder="vigie_…"
            aria-describedby="signin-hint"
            aria-invalid={failure.value !== null}
            // the one field of the page
            autofocus
            onInput={(event) => {
              given.value = event.currentTarget.value;
            }}
          />
        </label>
        <label class="check">
          <input
            type="checkbox"
            checked={shown.value}
            onChange={(event) => {
              shown.value = event.currentTarget.checked;
            }}
          />
          {t('signin.show')}
        </label>
        {failure.value !== null && (
          <p class="problem" role="alert">
            {failure.value}
          </p>
        )}
        <button type="submit" class="primary wide-button" aria-disabled={busy.value}>
          {busy.value ? t('signin.checking') : t('signin.button')}
        </button>
        <p class="muted small" id="signin-hint">
          {t('signin.hint')} {t('signin.kept')}
        </p>
        <div class="signin-foot">
          <LanguageButton />
          <ThemeButton />
        </div>
      </form>
    </main>
  );
}
