import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ask, RequestFailure } from './api.ts';
import { readPolicies } from './catalogue.ts';
import { findingWords } from './findings.ts';
import { ago, nowMs, subjectWords } from './format.ts';
import { keyList, listenToKeys } from './keys.ts';
import { announced, backSinceMs, brake, connection, openCount, retryNow, startLive } from './live.ts';
import { Audit } from './pages/audit.tsx';
import { Directory } from './pages/directory.tsx';
import { Ingest } from './pages/ingest.tsx';
import { Overview } from './pages/overview.tsx';
import { Policies } from './pages/policies.tsx';
import { SignIn } from './pages/sign-in.tsx';
import { SubjectPage } from './pages/subject.tsx';
import { Subjects } from './pages/subjects.tsx';
import { Badge } from './parts/badge.tsx';
import { Dialog } from './parts/dialog.tsx';
import { Logo } from './parts/logo.tsx';
import { LanguageButton, ThemeButton } from './parts/menu.tsx';
import { Notice } from './parts/notice.tsx';
import { Empty, Loading } from './parts/states.tsx';
import { shortcuts, switchShortcuts } from './preferences.ts';
import { route } from './router.ts';
import { mayAdminister, maySeeNames, type Scope, type Session, session, signOut, token } from './session.ts';
import { language, t } from './words/language.ts';

export function App() {
  useEffect(() => {
    document.documentElement.lang = language.value;
  }, [language.value]);
  return token.value === null ? <SignIn /> : <Console />;
}

function Console() {
  const help = useSignal(false);
  const given = token.value;
  useEffect(() => {
    const stop = startLive();
    void readPolicies();
    if (session.value === null) void readSession();
    return stop;
  }, [given]);
  useEffect(
    () =>
      listenToKeys(() => {
        help.value = true;
      }),
    [],
  );
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById('content')?.focus()}>
        {t('app.skip')}
      </button>
      <Header
        onHelp={() => {
          help.value = true;
        }}
      />
      <ConnectionBanner />
      <main id="content" tabIndex={-1}>
        <Page />
      </main>
      <Notice />
      <Announcer />
      {help.value && (
        <Help
          onClose={() => {
            help.value = false;
          }}
        />
      )}
    </>
  );
}

async function readSession(): Promise<void> {
  try {
    session.value = await ask<Session>('/v1/session');
  } catch (error) {
    if (error instanceof RequestFailure && error.status === 401) signOut('refused');
    // Offline: asked again when the stream is back.
    else setTimeout(() => (token.value === null ? undefined : readSession()), 2_000);
  }
}

function Page() {
  const to = route.value;
  const first = useRef(true);
  const place =
    to.page === 'subject' ? `${to.subject.kind} ${to.subject.id}` : to.page === 'policy' ? to.id : to.page;
  useEffect(() => {
    document.title = `${titleOf(place)} · Vigie`;
    if (first.current) {
      first.current = false;
      return;
    }
    scrollTo(0, 0);
    const content = document.getElementById('content');
    // The page may have put the focus where it is wanted already.
    if (content !== null && !content.contains(document.activeElement)) content.focus({ preventScroll: true });
  }, [place, language.value]);
  switch (to.page) {
    case 'subject':
      return <SubjectPage key={place} subject={to.subject} />;
    case 'subjects':
      return <Subjects />;
    case 'policies':
      return <Policies id={null} />;
    case 'policy':
      return <Policies id={to.id} />;
    case 'ingest':
      return <Ingest />;
    case 'directory':
      return maySeeNames.value ? <Directory /> : <NotAllowed scope="evidence" />;
    case 'audit':
      return mayAdminister.value ? <Audit /> : <NotAllowed scope="admin" />;
    default:
      return <Overview />;
  }
}

/** Somebody was sent a link to what his token does not show. */
function NotAllowed({ scope }: { scope: Scope }) {
  return session.value === null ? <Loading /> : <Empty title={t('directory.notAllowed', { scope })} />;
}

function titleOf(place: string): string {
  const to = route.value;
  if (to.page === 'subject') return subjectWords(to.subject);
  return to.page === 'policy' ? place : t(`nav.${to.page}`);
}

const tabs = [
  { page: 'overview', href: '#/', word: 'nav.overview' },
  { page: 'subjects', href: '#/subjects', word: 'nav.subjects' },
  { page: 'policies', href: '#/policies', word: 'nav.policies' },
  { page: 'ingest', href: '#/ingest', word: 'nav.ingest' },
  { page: 'directory', href: '#/directory', word: 'nav.directory', may: maySeeNames },
  { page: 'audit', href: '#/audit', word: 'nav.audit', may: mayAdminister },
] as const;

function Header({ onHelp }: { onHelp: () => void }) {
  const { page } = route.value;
  const at = page === 'subject' ? 'subjects' : page === 'policy' ? 'policies' : page;
  const who = session.value;
  const open = openCount.value;
  useEffect(() => {
    document.querySelector('.top [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' });
  }, [at]);
  const signedIn =
    who === null
      ? ''
      : t('menu.signedInAs', {
          name: who.name,
          scopes: who.scopes.map((scope) => t(`scope.${scope}`)).join(', '),
        });
  return (
    <header class="top">
      <a class="home" href="#/" aria-label="Vigie">
        <Logo />
      </a>
      <nav aria-label={t('nav.label')}>
        {tabs.map((tab) =>
          'may' in tab && !tab.may.value ? null : (
            <a key={tab.page} href={tab.href} aria-current={tab.page === at ? 'page' : undefined}>
              {t(tab.word)}
              {tab.page === 'overview' && open !== '0' && <span class="count number">{open}</span>}
            </a>
          ),
        )}
      </nav>
      <div class="top-tools">
        {brake.value?.engaged === true && (
          <Badge tone="warning" text={t('overview.brake')} tip={brake.value.reason ?? undefined} />
        )}
        <ConnectionBadge />
        <button
          type="button"
          class="plain"
          onClick={onHelp}
          aria-label={t('menu.keys')}
          title={t('menu.keys')}
        >
          ?
        </button>
        <LanguageButton />
        <ThemeButton />
        <button type="button" class="plain" title={signedIn} onClick={() => signOut()}>
          <svg viewBox="0 0 16 16" class="icon" aria-hidden="true">
            <path d="M6 2H2.5v12H6M10.5 4.5L14 8l-3.5 3.5M14 8H6" />
          </svg>
          <span class="hidden">{t('menu.signOut')}</span>
        </button>
      </div>
    </header>
  );
}

function ConnectionBadge() {
  const { state } = connection.value;
  if (state === 'live') return <Badge tone="good" text={t('connection.live')} />;
  return state === 'connecting' ? (
    <Badge tone="quiet" text={t('connection.connecting')} />
  ) : (
    <Badge tone="critical" text={t('connection.lost')} />
  );
}

const BACK_SHOWN_MS = 6_000;

function ConnectionBanner() {
  const now = connection.value;
  if (now.state === 'lost') {
    const seconds = Math.max(0, Math.ceil((now.retryAtMs - nowMs.value) / 1000));
    return (
      <div class="banner critical connection" role="alert">
        <span>
          {t('connection.lostSince', { ago: ago(now.sinceMs) })}{' '}
          <span class="muted" aria-hidden="true">
            {seconds > 0 ? t('connection.retryIn', { seconds }) : t('connection.retrying')}
          </span>
        </span>
        <button type="button" onClick={retryNow}>
          {t('connection.retry')}
        </button>
      </div>
    );
  }
  const back = backSinceMs.value;
  if (back === null || nowMs.value - back > BACK_SHOWN_MS) return null;
  return (
    <div class="banner good connection" role="status">
      {t('connection.back')}
    </div>
  );
}

/** What comes by itself is said once to screen readers. */
function Announcer() {
  const alert = announced.value;
  return (
    <div class="hidden" aria-live="polite">
      {alert !== null &&
        t('overview.alerts.new', { text: `${subjectWords(alert.finding.subject)}: ${findingWords(alert)}` })}
    </div>
  );
}

function Help({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <dl class="keys">
        {keyList.map(({ keys, word }) => (
          <div key={word}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{t(word)}</dd>
          </div>
        ))}
      </dl>
      <label class="check">
        <input
          type="checkbox"
          checked={shortcuts.value}
          onChange={(event) => switchShortcuts(event.currentTarget.checked)}
        />
        {t('keys.enabled')}
      </label>
    </Dialog>
  );
}
