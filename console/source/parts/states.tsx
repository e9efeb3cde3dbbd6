import type { ComponentChildren } from 'preact';
import type { RequestFailure } from '../api.ts';
import { t } from '../words/language.ts';

export function Empty({ title, hint }: { title: string; hint?: string }) {
  return (
    <div class="empty">
      <p>{title}</p>
      {hint !== undefined && <p class="muted">{hint}</p>}
    </div>
  );
}

/** Grey bars where content will stand, so that nothing jumps when it comes. */
export function Loading({ rows = 4 }: { rows?: number }) {
  return (
    <div class="loading" role="status">
      <span class="hidden">{t('state.loading')}</span>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} class="bone" />
      ))}
    </div>
  );
}

export function Failed({ failure, again }: { failure: RequestFailure; again: () => void }) {
  return (
    <div class="failed" role="alert">
      <p>
        <strong>{failure.code === 'offline' ? t('state.offline') : t('state.error')}</strong>
      </p>
      {failure.message !== '' && <p class="muted">{failure.message}</p>}
      <button type="button" onClick={again}>
        {t('state.again')}
      </button>
    </div>
  );
}

export function Panel(props: {
  title: ComponentChildren;
  id: string;
  hint?: ComponentChildren;
  tools?: ComponentChildren;
  class?: string;
  children: ComponentChildren;
}) {
  return (
    <section class={`panel ${props.class ?? ''}`} aria-labelledby={props.id}>
      <header class="panel-head">
        <h2 id={props.id}>{props.title}</h2>
        {props.hint !== undefined && <span class="muted small">{props.hint}</span>}
        {props.tools !== undefined && <div class="tools">{props.tools}</div>}
      </header>
      {props.children}
    </section>
  );
}
