import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { ask, RequestFailure } from './api.ts';
import { signOut } from './session.ts';

/** What was asked of the API and is shown: nothing yet, the value (perhaps of some time ago), or why there is none. */
export interface Asked<T> {
  readonly value: T | null;
  readonly failure: RequestFailure | null;
  again(): void;
}

/** Reads a path, and again every `everyMs` while the page is visible; null: no path yet. */
export function useAsked<T>(
  path: string | null,
  everyMs: number | null = null,
  onValue?: (value: T) => void,
): Asked<T> {
  const value = useSignal<T | null>(null);
  const failure = useSignal<RequestFailure | null>(null);
  const round = useSignal(0);
  const told = useRef(onValue);
  told.current = onValue;
  const runs = round.value;
  useEffect(() => {
    if (path === null) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async (): Promise<void> => {
      try {
        if (document.visibilityState === 'visible' || value.value === null) {
          const got = await ask<T>(path, { signal: abort.signal });
          if (abort.signal.aborted) return;
          value.value = got;
          failure.value = null;
          told.current?.(got);
        }
      } catch (error) {
        if (abort.signal.aborted || !(error instanceof RequestFailure)) return;
        if (error.status === 401) signOut('refused');
        failure.value = error;
      }
      if (everyMs !== null && !abort.signal.aborted) timer = setTimeout(() => void read(), everyMs);
    };
    void read();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [path, everyMs, runs]);
  useEffect(
    () => () => {
      value.value = null;
    },
    [path],
  );
  return {
    value: value.value,
    failure: failure.value,
    again: () => {
      failure.value = null;
      round.value++;
    },
  };
}
