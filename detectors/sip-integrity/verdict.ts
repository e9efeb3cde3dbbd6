import type { EndpointState, Sign } from './endpoint-state.ts';
import { type Code, INDICATORS } from './indicator-table.ts';

export type Verdict = 'none' | 'suspected' | 'confirmed' | 'not-assessable';

/** What must have been seen before suspicion is certainty. */
export interface Gates {
  /** Dialogs and registrations for full weight, and for a confirmation. */
  readonly minimumDialogs: number;
  /** From the first sign to the last. */
  readonly minimumSpanMs: number;
}

const DAY_MS = 86_400_000;
export const HALF_LIFE_MS = 7 * DAY_MS;
export const LIVE_GATES: Gates = { minimumDialogs: 3, minimumSpanMs: 2 * DAY_MS };
/** A capture of a minute cannot show two days: what it shows is told as it is. */
export const UNGATED: Gates = { minimumDialogs: 1, minimumSpanMs: 0 };

const ALG_SUSPECTED = 2.5;
const ALG_CONFIRMED = 4;
const NAT_SUSPECTED = 2;
const NAT_CONFIRMED = 3;
/** These confirm by themselves, where hardly anything speaks against it: nothing but rewriting does them. */
const DECISIVE: readonly Code[] = ['A5', 'A8', 'A2b'];
const PROVES_NAT: readonly Code[] = ['M1', 'M2', 'M5', 'M6'];

export interface Judged {
  readonly verdict: Verdict;
  /** Points; below 0 where more speaks against it than for it. */
  readonly score: number;
  /** Sentences, the strongest first. */
  readonly evidence: readonly string[];
}

export interface Assessment {
  readonly alg: Judged;
  readonly nat: Judged & { /** NATs that the addresses prove. */ readonly minLayers: number };
}

interface Part {
  readonly code: Code;
  readonly points: number;
  readonly sign: Sign;
}

/** How the endpoint stands at `nowMs`. */
export function assess(state: EndpointState, nowMs: number, gates: Gates): Assessment {
  const share = Math.min(1, state.dialogs / gates.minimumDialogs);
  const parts = strongest(state, nowMs);
  const alg = judgeAlg(
    parts.filter(({ code }) => INDICATORS[code].side === 'alg'),
    share,
    state,
    gates,
  );
  const minLayers = Math.max(0, state.chain.length - 1);
  const nat = judgeNat(
    parts.filter(({ code }) => INDICATORS[code].side === 'nat'),
    share,
    minLayers,
    state,
    nowMs,
    gates,
  );
  return { alg, nat: { ...nat, minLayers } };
}

/** Of each group the sign that is strongest now. */
function strongest(state: EndpointState, nowMs: number): Part[] {
  const groups = new Map<string, Part>();
  const speaksForMany = nowMs - state.manyBehindMs < HALF_LIFE_MS;
  for (const [code, sign] of state.signs) {
    const { group, points } = INDICATORS[code];
    // What telephones behind a PBX or SBC leave in a message is theirs and was never to be rewritten.
    if (speaksForMany && (group === 'A1' || group === 'A10' || group === 'M3')) continue;
    // What a router with half an eye for SIP passes over was not left alone by it, nor where Via has what it writes elsewhere.
    if (code === 'N3' && (state.signs.has('A2b') || !state.leftAlone)) continue;
    if (explained(code, group, state, nowMs)) continue;
    const now = points * decay(nowMs - sign.lastMs);
    const known = groups.get(group);
    if (known === undefined || outweighs(code, now, known)) groups.set(group, { code, points: now, sign });
  }
  return [...groups.values()].sort((a, b) => b.points - a.points);
}

/** The endpoint, or a proxy on its site, does itself what would otherwise be a router's doing. */
function explained(code: Code, group: string, state: EndpointState, nowMs: number): boolean {
  const stands = (lastMs: number): boolean => nowMs - lastMs < HALF_LIFE_MS;
  if (stands(state.asksStunMs) && (group === 'A1' || code === 'A4' || code === 'A5')) return true;
  // Learned, as an untouched body shows, if there was an answer to learn from.
  if (code === 'A4') return state.first !== 'registration' && stands(state.ownMediaMs);
  return code === 'A13' && stands(state.siteProxyMs);
}

/** A2b says more than A2 of the same INVITE, though an ACK repeats the latter. */
function outweighs(code: Code, points: number, known: Part): boolean {
  const margin = Number(DECISIVE.includes(code)) - Number(DECISIVE.includes(known.code));
  return Math.abs(points) >= Math.abs(known.points) * (1 - 0.05 * margin);
}

/** Half of it is left after seven days. */
export function decay(ageMs: number): number {
  return ageMs <= 0 ? 1 : 2 ** (-ageMs / HALF_LIFE_MS);
}

function judgeAlg(parts: readonly Part[], share: number, state: EndpointState, gates: Gates): Judged {
  const score = rounded(sum(parts) * share);
  const signs = parts.filter(({ points }) => points > 0);
  const against = parts.filter(({ points }) => points < 0);
  const decisive = signs.some(({ code }) => DECISIVE.includes(code)) && sum(against) > -1;
  // A first message that counts on from another one is a sign, but none to be certain by.
  const certain = state.first === 'counting' ? signs.filter(({ code }) => code !== 'A4') : signs;
  const certainScore = rounded((sum(certain) + sum(against)) * share);
  const enough = decisive ? score >= ALG_SUSPECTED : certainScore >= ALG_CONFIRMED && certain.length >= 2;
  if (enough && passes(signs, state, gates)) return judged('confirmed', score, parts);
  if (score >= ALG_SUSPECTED) return judged('suspected', score, parts);
  return otherwise(state, score);
}

function judgeNat(
  parts: readonly Part[],
  share: number,
  minLayers: number,
  state: EndpointState,
  nowMs: number,
  gates: Gates,
): Judged {
  const score = rounded(sum(parts) * share);
  if (minLayers >= 2) {
    // Not of the strongest alone: M5i of a later REGISTER takes nothing from M5 of a call.
    const proven = PROVES_NAT.some((code) => {
      const sign = state.signs.get(code);
      return sign !== undefined && nowMs - sign.lastMs < HALF_LIFE_MS;
    });
    if (proven && score >= NAT_CONFIRMED && passes(parts, state, gates))
      return judged('confirmed', score, parts);
    if (score >= NAT_SUSPECTED) return judged('suspected', score, parts);
  }
  return otherwise(state, score);
}

function passes(signs: readonly Part[], state: EndpointState, gates: Gates): boolean {
  const first = Math.min(...signs.map(({ sign }) => sign.firstMs));
  const last = Math.max(...signs.map(({ sign }) => sign.lastMs));
  return state.dialogs >= gates.minimumDialogs && last - first >= gates.minimumSpanMs;
}

const sum = (parts: readonly Part[]): number => parts.reduce((total, { points }) => total + points, 0);

function judged(verdict: Verdict, score: number, parts: readonly Part[]): Judged {
  return { verdict, score, evidence: parts.map(({ sign }) => sign.text) };
}

/** Not assessable is not clean. */
function otherwise(state: EndpointState, score: number): Judged {
  return state.assessable === 0 && state.unassessable !== null
    ? { verdict: 'not-assessable', score, evidence: [state.unassessable] }
    : { verdict: 'none', score, evidence: [] };
}

/** To the hundredth: a second of decay is no difference. */
const rounded = (score: number): number => Math.round(score * 100) / 100;
