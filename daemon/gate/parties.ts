import type { Subject } from '../../detectors/vocabulary.ts';
import type { Line, Trunk } from '../identity/directory-schema.ts';
import type { Endpoint } from '../ingest/packet.ts';
import type { GateQuestion } from './question.ts';

/** Where a request comes from and whose it may be. */
export interface Parties {
  /** `incoming`: from a carrier or one of our own proxies; such calls always arrive. */
  readonly direction: 'outgoing' | 'incoming';
  /** Lines, customers and trunks that the request stands for; for an incoming call those that are called. */
  readonly subjects: readonly Subject[];
  /** Country whose emergency numbers hold besides the configured ones; null: none. */
  readonly country: string | null;
}

export interface PartyDirectory {
  lineByUsername(name: string): Line | null;
  trunkByAddress(address: Endpoint): Trunk | null;
}

export interface PartySources {
  readonly directory: PartyDirectory;
  /** The address is a carrier's or one of our proxies'. */
  isUpstream(source: Endpoint): boolean;
  /** The only line that is registered at the address and port, null where there is none or nobody knows. */
  registeredLine(source: Endpoint): string | null;
}

/** Ids become part of Redis keys and of log lines. */
const MAXIMUM_ID = 128;

/**
 * Whose request it is. What the source proves (a trunk's address, a live registration) and the user name of the credentials count
 * together, so that neither hides the other; From counts only where nothing else says who calls. A forged From can thus refuse
 * nobody's calls but those of the forger.
 */
export function partiesOf(question: GateQuestion, sources: PartySources): Parties {
  const { directory } = sources;
  const { source } = question;
  if (sources.isUpstream(source)) {
    const called = directory.lineByUsername(question.requestUser);
    return {
      direction: 'incoming',
      subjects: called === null ? [] : subjectsOf([called.id], directory, null),
      country: null,
    };
  }
  const trunk = directory.trunkByAddress(source);
  const lines = new Set<string>();
  const registered = sources.registeredLine(source);
  if (registered !== null) lines.add(registered);
  const trunkLine = trunk === null ? null : lineOfTrunk(question, trunk, directory);
  if (trunkLine !== null) lines.add(trunkLine);
  const authenticated = directory.lineByUsername(question.authUser);
  if (question.authUser !== '') lines.add(authenticated?.id ?? question.authUser);
  if (registered === null && trunk === null && authenticated === null && question.fromUser !== '')
    lines.add(directory.lineByUsername(question.fromUser)?.id ?? question.fromUser);
  let country = trunk?.emergencyCountry ?? null;
  for (const line of lines) country ??= directory.lineByUsername(line)?.emergencyCountry ?? null;
  return { direction: 'outgoing', subjects: subjectsOf([...lines], directory, trunk), country };
}

function subjectsOf(
  lines: readonly string[],
  directory: PartyDirectory,
  trunk: Trunk | null,
): readonly Subject[] {
  const subjects: Subject[] = [];
  const add = (kind: Subject['kind'], id: string) => {
    if (id === '' || id.length > MAXIMUM_ID) return;
    if (!subjects.some((known) => known.kind === kind && known.id === id)) subjects.push({ kind, id });
  };
  for (const id of lines) {
    add('line', id);
    // A line without a customer is its own.
    add('customer', directory.lineByUsername(id)?.customer ?? id);
  }
  if (trunk !== null) {
    add('trunk', trunk.id);
    add('customer', trunk.customer);
  }
  return subjects;
}

/** P-Asserted-Identity, else From, where the directory says that it is this customer's. */
function lineOfTrunk(question: GateQuestion, trunk: Trunk, directory: PartyDirectory): string | null {
  for (const user of [question.assertedUser, question.fromUser]) {
    const line = directory.lineByUsername(user);
    if (line !== null && (line.customer ?? line.id) === trunk.customer) return line.id;
  }
  return null;
}
