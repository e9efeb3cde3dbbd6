import { type Signal, useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { ask, type Page, RequestFailure } from '../api.ts';
import { type Asked, useAsked } from '../reading.ts';
import { t } from '../words/language.ts';
import { Empty, Failed, Loading } from './states.tsx';

export interface List<T> extends Asked<Page<T>> {
  readonly items: readonly T[];
  /** Null at the end. */
  readonly more: (() => Promise<void>) | null;
}

/** A list of the API, page after page as somebody asks for more. */
export function useList<T>(path: string): List<T> {
  const asked = useAsked<Page<T>>(path);
  const rest = useSignal<readonly T[]>([]);
  const next = useSignal<string | null>(null);
  useEffect(() => {
    rest.value = [];
    next.value = asked.value?.cursor ?? null;
  }, [asked.value]);
  const more = async (): Promise<void> => {
    const cursor = next.value;
    if (cursor === null) return;
    // A second click meanwhile asks for nothing.
    next.value = null;
    try {
      const page = await ask<Page<T>>(`${path}&cursor=${encodeURIComponent(cursor)}`);
      rest.value = [...rest.value, ...page.items];
      next.value = page.cursor;
    } catch (error) {
      if (!(error instanceof RequestFailure)) throw error;
      next.value = cursor;
    }
  };
  return {
    ...asked,
    items: [...(asked.value?.items ?? []), ...rest.value],
    more: next.value === null ? null : more,
  };
}

/** It, or why it is not there. */
export function Listed<T>(props: {
  list: List<T>;
  none: string;
  children: (items: readonly T[]) => ComponentChildren;
}) {
  const { value, failure, items, more, again } = props.list;
  if (value === null)
    return failure === null ? <Loading rows={10} /> : <Failed failure={failure} again={again} />;
  return (
    <>
      {items.length === 0 ? <Empty title={props.none} /> : props.children(items)}
      <MoreButton more={more} />
    </>
  );
}

export function MoreButton({ more }: { more: (() => unknown) | null }) {
  if (more === null) return null;
  return (
    <button type="button" class="plain more" onClick={() => void more()}>
      {t('state.more')}
    </button>
  );
}

/** Of a list that is held here: `step` rows more, and at its end what the API has beyond it, where `read` is given. */
export function MoreRows(props: {
  shown: Signal<number>;
  step: number;
  held: number;
  read: (() => Promise<unknown>) | null;
}) {
  const { shown, step, held, read } = props;
  const isAll = held <= shown.value;
  const more = () => {
    if (isAll) void read?.();
    shown.value += step;
  };
  return <MoreButton more={isAll && read === null ? null : more} />;
}
