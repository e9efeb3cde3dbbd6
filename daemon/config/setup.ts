import { join } from 'node:path';
import Type, { type Static } from 'typebox';
import type { Detector } from '../../detectors/vocabulary.ts';
import type { BadUserAgents } from '../identity/bad-user-agents.ts';
import type { Countries } from '../identity/countries.ts';
import { Directory } from '../identity/directory.ts';
import { loadDirectoryFile } from '../identity/directory-file.ts';
import type { DirectoryData } from '../identity/directory-schema.ts';
import { EmergencyNumbers } from '../identity/emergency.ts';
import type { NumberLists } from '../identity/number-lists.ts';
import { loadBadUserAgents } from './bad-user-agents-file.ts';
import { type Fault, nearest } from './fault.ts';
import { loadCountries } from './geoip-file.ts';
import { type Environment, loadConfigWithPlaces, type PlaceOf } from './load.ts';
import { loadNumberLists } from './number-files.ts';
import { type LoadedPolicy, loadPolicies, settleModes } from './policy-file.ts';
import { loadRateDecks, type RateDecks, unknownDeck } from './rate-deck-files.ts';
import { PACKAGE_ROOT, Reader } from './reader.ts';
import type { VigieConfig } from './schema.ts';
import { readTextFile, YamlSource } from './yaml-source.ts';

const EmergencyFile = Type.Record(
  Type.String(),
  Type.Object(
    {
      countryCode: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,2}$' })),
      source: Type.String({ minLength: 1, maxLength: 1_024 }),
      verified: Type.String({ pattern: '^\\d{4}-\\d{2}-\\d{2}$' }),
      /** Parts of the list for which no copy of a source could be read, and why they are on it all the same. */
      notVerified: Type.Optional(Type.Record(Type.String(), Type.String({ minLength: 1, maxLength: 256 }))),
      numbers: Type.Record(Type.String(), Type.String({ minLength: 1, maxLength: 256 })),
    },
    { additionalProperties: false },
  ),
);
type EmergencyLists = Static<typeof EmergencyFile>;

/** All that the daemon reads from files, checked together. */
export interface Setup {
  readonly config: VigieConfig;
  readonly directory: DirectoryData;
  /** Policies by id, with the mode of every rule settled. */
  readonly policies: ReadonlyMap<string, LoadedPolicy>;
  readonly emergency: EmergencyNumbers;
  readonly numbers: NumberLists;
  readonly badUserAgents: BadUserAgents;
  readonly decks: RateDecks;
  /** Countries of addresses, where the configuration brings a database. */
  readonly countries: Countries | null;
}

export type LoadedSetup =
  | { readonly ok: true; readonly setup: Setup; readonly warnings: readonly Fault[] }
  | { readonly ok: false; readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] };

/**
 * Configuration, policies, directory and number lists, and what they say of each other. Keeps no state: SIGHUP calls it again, and
 * with faults everything stays as it was.
 */
export function loadSetup(
  path: string | null,
  environment: Environment,
  detectors: ReadonlyMap<string, Detector>,
): LoadedSetup {
  const { loaded, placeOf } = loadConfigWithPlaces(path, environment);
  const { warnings } = loaded;
  if (!loaded.ok) return { ok: false, faults: loaded.faults, warnings };
  const { config } = loaded;
  const faults: Fault[] = [];
  const found = loadPolicies(config.policies.directory, detectors);
  faults.push(...found.faults);
  // A policy whose own file is at fault is not unknown as well.
  if (found.faults.length === 0) checkPolicyNames(config, found.policies, placeOf, faults);
  const emergency = loadEmergency(config, placeOf, faults);
  const numbers = loadNumberLists(config, placeOf, faults);
  const badUserAgents = loadBadUserAgents(faults);
  const countries = loadCountries(config, placeOf, faults);
  const names = found.faults.length === 0 ? choosable(found.policies) : null;
  const decks = loadRateDecks(config, placeOf, faults);
  const directory = loadDirectory(config, names, placeOf, faults);
  if (faults.length > 0 || emergency === null || numbers === null)
    return { ok: false, faults: sorted(faults), warnings };
  const policies = new Map<string, LoadedPolicy>();
  for (const [id, policy] of found.policies) policies.set(id, settleModes(config.policies, policy));
  return {
    ok: true,
    setup: { config, directory, policies, emergency, numbers, badUserAgents, decks, countries },
    warnings,
  };
}

/** Every fault of the configuration and of the files it names, by file, line and column; warnings last. */
export function checkConfig(
  path: string | null,
  environment: Environment,
  detectors: ReadonlyMap<string, Detector>,
): { readonly faults: readonly Fault[]; readonly warnings: readonly Fault[] } {
  const loaded = loadSetup(path, environment, detectors);
  return { faults: loaded.ok ? [] : loaded.faults, warnings: loaded.warnings };
}

/** The emergency numbers of the countries, without a configuration (replay). */
export function emergencyNumbers(
  countries: readonly string[],
  further: readonly string[] = [],
): EmergencyNumbers {
  const read = readEmergencyFile();
  if (!read.ok) throw new Error(`the list of emergency numbers is damaged: ${read.faults[0].what}`);
  return new EmergencyNumbers(read.lists, countries, further);
}

function checkPolicyNames(
  config: VigieConfig,
  policies: ReadonlyMap<string, LoadedPolicy>,
  placeOf: PlaceOf,
  faults: Fault[],
): void {
  const { modes } = config.policies;
  const unknown = (path: readonly string[], what: string, name: string, known: Iterable<string>) => {
    const names = [...known];
    const near = nearest(name, names);
    faults.push({
      ...placeOf(path),
      code: 'unknown-reference',
      what,
      todo: near === null ? `known: ${names.join(', ')}` : `did you mean '${near}'?`,
    });
  };
  const chosen = config.policies.default;
  const names = choosable(policies);
  if (!names.has(chosen)) unknown(['policies', 'default'], `there is no policy '${chosen}'`, chosen, names);
  const known = new Set<string>();
  for (const policy of policies.values()) {
    known.add(policy.id);
    for (const rule of [...policy.rules, ...policy.disabledRules]) known.add(rule.id);
  }
  for (const id of Object.keys(modes)) {
    if (!known.has(id)) unknown(['policies', 'modes', id], `there is no policy or rule '${id}'`, id, known);
  }
}

/** Ids of the policies that a customer can have. */
export function choosable(policies: ReadonlyMap<string, LoadedPolicy>): Set<string> {
  return new Set(
    [...policies.values()].filter(({ appliesTo }) => appliesTo !== 'everyone').map(({ id }) => id),
  );
}

function loadEmergency(config: VigieConfig, placeOf: PlaceOf, faults: Fault[]): EmergencyNumbers | null {
  const read = readEmergencyFile();
  if (!read.ok) {
    faults.push(...read.faults);
    return null;
  }
  const { countries, numbers } = config.emergency;
  const chosen = countries.length > 0 ? countries : [config.network.country];
  chosen.forEach((country, index) => {
    if (Object.hasOwn(read.lists, country)) return;
    const path = countries.length > 0 ? ['emergency', 'countries', index] : ['network', 'country'];
    const todo = `write one of ${Object.keys(read.lists).join(', ')} into emergency.countries, and the others' numbers into emergency.numbers`;
    faults.push({
      ...placeOf(path),
      code: 'unknown-reference',
      what: `there is no list of the emergency numbers of ${country}`,
      todo,
    });
  });
  return new EmergencyNumbers(read.lists, chosen, numbers);
}

function readEmergencyFile():
  | { readonly ok: true; readonly lists: EmergencyLists }
  | { readonly ok: false; readonly faults: readonly Fault[] } {
  const file = join(PACKAGE_ROOT, 'config/emergency-numbers.yaml');
  const read = readTextFile(file, 1_048_576);
  if (!read.ok) return { ok: false, faults: [read.fault] };
  const source = new YamlSource(file, read.text);
  const reader = new Reader();
  const lists = source.faults.length > 0 ? null : reader.read<EmergencyLists>(EmergencyFile, source);
  return lists === null ? { ok: false, faults: [...source.faults, ...reader.faults] } : { ok: true, lists };
}

function loadDirectory(
  config: VigieConfig,
  policies: ReadonlySet<string> | null,
  placeOf: PlaceOf,
  faults: Fault[],
): DirectoryData {
  const { file } = config.directory;
  if (file === null) return {};
  const loaded = loadDirectoryFile(file);
  if (!loaded.ok) {
    for (const fault of loaded.faults) {
      // A file that is not there is the fault of the line that names it.
      faults.push(
        fault.code === 'unreadable' && fault.file === file
          ? { ...fault, ...placeOf(['directory', 'file']) }
          : fault,
      );
    }
    return {};
  }
  for (const fault of Directory.empty().replace(loaded.data, policies)) faults.push(loaded.faultOf(fault));
  const known = Object.keys(config.rating.decks);
  loaded.data.plans?.forEach(({ deck }, index) => {
    if (deck === undefined || known.includes(deck)) return;
    const { code, what, todo } = unknownDeck(deck, known);
    faults.push(loaded.faultOf({ path: `/plans/${index}/deck`, code, message: what, todo }));
  });
  return loaded.data;
}

function sorted(faults: readonly Fault[]): Fault[] {
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return [...faults].sort((a, b) => order(a.file, b.file) || a.line - b.line || a.column - b.column);
}
