import { join } from 'node:path';
import { readTlsFiles } from '../ingest/tls-files.ts';
import { OTHER_VARIABLES, variables } from './environment.ts';
import { type Fault, nearest } from './fault.ts';
import { PACKAGE_ROOT, Reader } from './reader.ts';
import { ConfigSchema, type VigieConfig } from './schema.ts';
import { type Place, readTextFile, YamlSource } from './yaml-source.ts';

export const MAXIMUM_CONFIG_BYTES = 1_048_576;

export type Environment = Readonly<Record<string, string | undefined>>;

export type LoadedConfig =
  | {
      readonly ok: true;
      readonly config: VigieConfig;
      readonly file: string;
      readonly warnings: readonly Fault[];
    }
  | {
      readonly ok: false;
      readonly file: string;
      readonly faults: readonly Fault[];
      readonly warnings: readonly Fault[];
    };

/** Finds the place of an option, for faults that show only when several files are seen together. */
export type PlaceOf = (path: readonly (string | number)[]) => Place;

/** The file that is read where none is named: VIGIE_CONFIG, else `config/vigie.yaml` of the package. */
export function configFile(path: string | null, environment: Environment): string {
  return path ?? environment['VIGIE_CONFIG'] ?? join(PACKAGE_ROOT, 'config/vigie.yaml');
}

/**
 * Reads the configuration: file, environment over it, defaults under it. Relative paths start from the file's directory, in a variable from
 * the working directory. Keeps no state, so it may be called again (SIGHUP). Unknown VIGIE_ variables are warnings, not
 * faults: Kubernetes sets such for a service called vigie.
 */
export function loadConfig(path: string | null, environment: Environment): LoadedConfig {
  return loadConfigWithPlaces(path, environment).loaded;
}

export function loadConfigWithPlaces(
  path: string | null,
  environment: Environment,
): { loaded: LoadedConfig; placeOf: PlaceOf } {
  const file = configFile(path, environment);
  const warnings = unknownVariables(environment);
  const read = readTextFile(file, MAXIMUM_CONFIG_BYTES);
  if (!read.ok)
    return {
      loaded: { ok: false, file, faults: [read.fault], warnings },
      placeOf: () => ({ file, line: 1, column: 1 }),
    };
  const source = new YamlSource(file, read.text);
  const reader = new Reader(environment);
  const placeOf: PlaceOf = (steps) => reader.place(source, steps);
  if (source.faults.length > 0)
    return { loaded: { ok: false, file, faults: source.faults, warnings }, placeOf };
  const config = reader.read<VigieConfig>(ConfigSchema, source);
  if (config !== null) noteConflicts(config, reader, placeOf);
  const loaded: LoadedConfig =
    config === null || reader.faults.length > 0
      ? { ok: false, file, faults: reader.faults, warnings }
      : { ok: true, config, file, warnings };
  return { loaded, placeOf };
}

/** Every option at its default: what an empty file gives. */
export function defaultConfig(): VigieConfig {
  const config = new Reader().read<VigieConfig>(
    ConfigSchema,
    new YamlSource(join(PACKAGE_ROOT, 'config/vigie.yaml'), ''),
  );
  if (config === null) throw new Error('a default of the configuration is not valid');
  return config;
}

function noteConflicts(config: VigieConfig, reader: Reader, placeOf: PlaceOf): void {
  const { proxies, carriers } = config.network;
  carriers.forEach((entry, index) => {
    if (!proxies.includes(entry)) return;
    reader.note(
      placeOf(['network', 'carriers', index]),
      'conflict',
      `'${entry}' is among network.proxies as well`,
      'keep it in one of the two',
    );
  });
  const names = new Set<string>();
  config.admin.tokens.forEach(({ name }, index) => {
    if (names.has(name))
      reader.note(
        placeOf(['admin', 'tokens', index, 'name']),
        'duplicate',
        `a second token is called '${name}'`,
        'give each token its own name',
      );
    names.add(name);
  });
  const { listen } = config.metrics;
  if (listen === config.admin.listen && !listen.endsWith(':0')) {
    reader.note(
      placeOf(['metrics', 'listen']),
      'conflict',
      `metrics.listen is admin.listen, ${listen}`,
      'write null to serve /metrics there, or another port',
    );
  }
  const { udp, tcp, tls } = config.ingest.hep;
  if (udp === null && tcp === null && tls.listen === null) {
    reader.note(
      placeOf(['ingest', 'hep']),
      'conflict',
      'ingest.hep.udp, .tcp and .tls.listen are all null, so nothing arrives',
      'listen on one of them',
    );
  }
  if (tls.listen !== null) noteTls(tls, reader, placeOf);
  noteRefusals(config.gate.refusal, reader, placeOf);
  noteNotices(config.notices, reader, placeOf);
}

function noteNotices({ webhooks, mail }: VigieConfig['notices'], reader: Reader, placeOf: PlaceOf): void {
  webhooks.forEach(({ format, secret }, index) => {
    if (format !== 'standard' || secret !== null) return;
    reader.note(
      placeOf(['notices', 'webhooks', index]),
      'missing',
      `notices.webhooks.${index}.secret is missing: webhooks of the format standard are signed`,
      'write secret or secretFile, or another format',
    );
  });
  const names = new Set<string>();
  mail.forEach(({ name, host, security, user, password }, index) => {
    const at = (member: string) => placeOf(['notices', 'mail', index, member]);
    if (names.has(name))
      reader.note(
        at('name'),
        'duplicate',
        `a second receiver of mail is called '${name}'`,
        'give each its own name',
      );
    names.add(name);
    if ((user === null) !== (password === null))
      reader.note(
        at(user === null ? 'password' : 'user'),
        'conflict',
        `notices.mail.${index} has a ${user === null ? 'password and no user' : 'user and no password'}`,
        'write both, or none where the server asks for none',
      );
    if (security === 'none' && password !== null && !/^(localhost|127\..+|::1)$/i.test(host))
      reader.note(
        at('security'),
        'conflict',
        `notices.mail.${index} would send its password in clear to ${host}`,
        'write security: starttls or tls, or leave user and password out',
      );
  });
}

/** A 608 without a card to point to leaves the caller no way to complain, which RFC 8688 is about. */
function noteRefusals(
  { status, statusByRule, contactCard }: VigieConfig['gate']['refusal'],
  reader: Reader,
  placeOf: PlaceOf,
): void {
  if (contactCard !== null || ![status, ...Object.values(statusByRule)].includes(608)) return;
  reader.note(
    placeOf(['gate', 'refusal']),
    'conflict',
    'gate.refusal answers 608 and has no contactCard',
    'name the https:// address of the signed card, or answer 603',
  );
}

function noteTls(
  { certificate, key, clientAuthority }: VigieConfig['ingest']['hep']['tls'],
  reader: Reader,
  placeOf: PlaceOf,
): void {
  const path = ['ingest', 'hep', 'tls'];
  if (certificate === null || key === null) {
    const option = certificate === null ? 'certificate' : 'key';
    const what = `ingest.hep.tls.${option} is missing`;
    reader.note(placeOf([...path, 'listen']), 'missing', what, 'TLS needs a certificate and its key');
    return;
  }
  const read = readTlsFiles({ certificate, key, clientAuthority });
  if (!read.ok)
    reader.note(
      placeOf([...path, read.option]),
      'wrong-form',
      `ingest.hep.tls.${read.option}: ${read.what}`,
      read.todo,
    );
}

function unknownVariables(environment: Environment): Fault[] {
  const known = new Set<string>(OTHER_VARIABLES);
  for (const { name } of variables(ConfigSchema)) known.add(name);
  const faults: Fault[] = [];
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('VIGIE_') || known.has(name)) continue;
    const near = nearest(name, known);
    const todo = near === null ? 'it has no effect' : `did you mean ${near}?`;
    faults.push({
      file: `$${name}`,
      line: 1,
      column: 1,
      code: 'unknown-variable',
      what: `${name} is no option`,
      todo,
    });
  }
  return faults;
}
