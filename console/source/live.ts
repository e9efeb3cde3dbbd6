import { batch, computed, signal } from '@preact/signals';
import {
  type Alert,
  ask,
  type Brake,
  type Page,
  type Readiness,
  RequestFailure,
  type Suspension,
} from './api.ts';
import { policies, readPolicies } from './catalogue.ts';
import { type Connection, type EventStream, openEvents } from './events.ts';
import { count } from './format.ts';
import { signOut, token } from './session.ts';

/** What every page shows as it changes. Read once as a whole at each (re)connection, then kept by events. */

/** Kept as they come; more where somebody asks for older ones. */
const ALERTS_KEPT = 500;
const ALERTS_READ = 200;
const SUSPENSIONS_READ = 500;
/** What comes within this is shown at once: thousands in a second must not freeze the page. */
const GATHER_MS = 100;
let alertsKept = ALERTS_KEPT;
let cameWhileReading: Suspension[] = [];

export const connection = signal<Connection>({ state: 'connecting' });
/** Wall clock of the last time that the stream came back after a loss; null: never, or it is lost. */
export const backSinceMs = signal<number | null>(null);
/** Newest first, each entry once. */
export const alerts = signal<readonly Alert[]>([]);
/** Entries that came while looking: they are marked for a moment. */
export const fresh = signal<ReadonlySet<string>>(new Set());
/** The newest that came by itself, for screen readers. */
export const announced = signal<Alert | null>(null);
export const suspensions = signal<ReadonlyMap<string, Suspension>>(new Map());
/** Where the older alerts and the further open suspensions begin, null where all are here. */
export const olderAlerts = signal<string | null>(null);
export const furtherSuspensions = signal<string | null>(null);
export const brake = signal<Brake | null>(null);
export const health = signal<Readiness | null>(null);
/** Not read yet, read, or why not. */
export const loaded = signal<'loading' | 'ready' | RequestFailure>('loading');

const byNewest = (a: Suspension, b: Suspension): number => b.proposedAt.localeCompare(a.proposedAt);
const isOver = ({ state }: Suspension): boolean => state === 'lifted' || state === 'expired';

export const openSuspensions = computed(() =>
  [...suspensions.value.values()].filter((one) => !isOver(one)).sort(byNewest),
);
/** More alerts are kept by the daemon than are here. */
export const moreAlerts = computed(() => olderAlerts.value !== null || alerts.value.length >= ALERTS_KEPT);
/** `12`, and `500+` where there are more than were read. */
export const openCount = computed(
  () => `${count(openSuspensions.value.length)}${furtherSuspensions.value === null ? '' : '+'}`,
);
export const endedSuspensions = computed(() => {
  const endedAt = ({ liftedAt, expiredAt, proposedAt }: Suspension) => liftedAt ?? expiredAt ?? proposedAt;
  return [...suspensions.value.values()].filter(isOver).sort((a, b) => endedAt(b).localeCompare(endedAt(a)));
});

/** Ids of Redis streams, `milliseconds-sequence`: positive where `a` is the newer. */
function newer(a: string, b: string): number {
  const [aMs = 0, aSequence = 0] = a.split('-').map(Number);
  const [bMs = 0, bSequence = 0] = b.split('-').map(Number);
  return aMs - bMs || aSequence - bSequence;
}

export function addAlerts(more: readonly Alert[], live: boolean): void {
  const known = new Set(alerts.value.map(({ entry }) => entry));
  const unknown = more.filter(({ entry }) => !known.has(entry));
  if (unknown.length === 0) return;
  alerts.value = [...unknown, ...alerts.value].sort((a, b) => newer(b.entry, a.entry)).slice(0, alertsKept);
  if (!live) return;
  fresh.value = new Set([...fresh.value, ...unknown.map(({ entry }) => entry)]);
  announced.value = unknown.at(-1) ?? null;
  setTimeout(() => {
    const left = new Set(fresh.value);
    for (const { entry } of unknown) left.delete(entry);
    fresh.value = left;
  }, 4_000);
}

export function putSuspensions(more: readonly Suspension[]): void {
  const all = new Map(suspensions.value);
  for (const one of more) all.set(one.id, one);
  suspensions.value = all;
}

const OPEN = `/v1/suspensions?open=true&limit=${SUSPENSIONS_READ}`;

async function readOn<T>(
  path: string,
  from: typeof olderAlerts,
  take: (items: readonly T[]) => void,
): Promise<void> {
  const cursor = from.value;
  if (cursor === null) return;
  // A second click meanwhile asks for nothing.
  from.value = null;
  try {
    const page = await ask<Page<T>>(`${path}&cursor=${encodeURIComponent(cursor)}`);
    batch(() => {
      take(page.items);
      from.value = page.cursor;
    });
  } catch (error) {
    if (!(error instanceof RequestFailure)) throw error;
    from.value = cursor;
  }
}

export const readFurtherSuspensions = (): Promise<void> => readOn(OPEN, furtherSuspensions, putSuspensions);

export const readOlderAlerts = (): Promise<void> =>
  readOn<Alert>(`/v1/alerts?limit=${ALERTS_READ}`, olderAlerts, (items) => {
    alertsKept += ALERTS_READ;
    addAlerts(items, false);
  });

/** The whole state anew. What has happened between reading and the stream comes by the stream. */
export async function readAll(): Promise<void> {
  const newer: Suspension[] = [];
  cameWhileReading = newer;
  try {
    const [open, ended, latest, brakeNow, ready] = await Promise.all([
      ask<Page<Suspension>>(OPEN),
      ask<Page<Suspension>>('/v1/suspensions?open=false&limit=20'),
      ask<Page<Alert>>(`/v1/alerts?limit=${ALERTS_READ}`),
      ask<Brake>('/v1/brake'),
      ask<Readiness>('/readyz', { alsoOk: 503 }),
    ]);
    batch(() => {
      // What an event has told meanwhile is newer than what was read.
      suspensions.value = new Map([...ended.items, ...open.items, ...newer].map((one) => [one.id, one]));
      addAlerts(latest.items, loaded.value === 'ready');
      furtherSuspensions.value = open.cursor;
      if (loaded.value !== 'ready') olderAlerts.value = latest.cursor;
      brake.value = brakeNow;
      health.value = ready;
      loaded.value = 'ready';
    });
    cameWhileReading = [];
  } catch (error) {
    if (!(error instanceof RequestFailure)) throw error;
    if (error.status === 401) signOut('refused');
    else if (loaded.value !== 'ready') loaded.value = error;
  }
}

let stream: EventStream | null = null;
let cameAlerts: Alert[] = [];
let cameSuspensions: Suspension[] = [];
let gathering: ReturnType<typeof setTimeout> | undefined;

function gather(): void {
  gathering ??= setTimeout(() => {
    gathering = undefined;
    batch(() => {
      if (cameAlerts.length > 0) addAlerts(cameAlerts, true);
      if (cameSuspensions.length > 0) putSuspensions(cameSuspensions);
    });
    cameAlerts = [];
    cameSuspensions = [];
  }, GATHER_MS);
}

export function startLive(): () => void {
  let wasLost = false;
  stream = openEvents({
    path: '/v1/events',
    token: token.value ?? '',
    onConnection(now) {
      connection.value = now;
      if (now.state === 'lost') {
        wasLost = true;
        backSinceMs.value = null;
      }
      if (now.state !== 'live') return;
      void readAll();
      if (policies.value === null) void readPolicies();
      if (wasLost) backSinceMs.value = Date.now();
      wasLost = false;
    },
    onRefused: () => signOut('refused'),
    onEvent({ name, data }) {
      const value: unknown = JSON.parse(data);
      if (name === 'alert') cameAlerts.push(value as Alert);
      else if (name === 'suspension') {
        cameSuspensions.push(value as Suspension);
        cameWhileReading.push(value as Suspension);
      } else if (name === 'brake') brake.value = value as Brake;
      else if (name === 'health') health.value = value as Readiness;
      // The daemon no longer keeps all that came meanwhile. The lists are being read anew; that nothing was missed is not said.
      else if (name === 'missed') backSinceMs.value = null;
      gather();
    },
  });
  void readAll();
  return () => {
    stream?.close();
    stream = null;
    clearTimeout(gathering);
    gathering = undefined;
    cameAlerts = [];
    cameSuspensions = [];
    alertsKept = ALERTS_KEPT;
    batch(() => {
      alerts.value = [];
      olderAlerts.value = null;
      furtherSuspensions.value = null;
      suspensions.value = new Map();
      brake.value = null;
      health.value = null;
      loaded.value = 'loading';
      backSinceMs.value = null;
    });
  };
}

export function retryNow(): void {
  stream?.retryNow();
}
