/**
 * What can be seen of the packages without a container engine, a cluster or a systemd: their files are all there, they name options that exist,
 * and what they would run runs, from just the files that they hold and without a development dependency.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';
import { OTHER_VARIABLES, variables } from '../daemon/config/environment.ts';
import { ConfigSchema } from '../daemon/config/schema.ts';
import { startChild, waitFor } from './harness/child.ts';
import { freePort } from './harness/ports.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const directory = mkdtempSync(join(tmpdir(), 'vigie-package-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const known = new Set([...OTHER_VARIABLES, ...[...variables(ConfigSchema)].map(({ name }) => name)]);
const ours = (text: string): string[] => [...new Set(text.match(/\bVIGIE_[A-Z0-9_]+\b/g))];

/** Instructions of the last stage, continued lines joined. */
function lastStage(dockerfile: string): [instruction: string, rest: string][] {
  const lines = dockerfile
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): [string, string] => [line.split(/\s+/)[0] ?? '', line.replace(/^\S+\s+/, '').trim()]);
  return lines.slice(lines.findLastIndex(([instruction]) => instruction === 'FROM'));
}

/** The production packages, as `npm ci --omit=dev` leaves them. */
function linkProductionPackages(to: string): void {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { dev?: boolean; devOptional?: boolean }>;
  };
  for (const [path, { dev }] of Object.entries(packages)) {
    if (!/^node_modules\/(@[^/]+\/)?[^/]+$/.test(path) || dev || !existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(to, path)), { recursive: true });
    symlinkSync(join(root, path), join(to, path));
  }
}

test('the image holds all that the daemon needs, and its health check tells', async () => {
  const home = join(directory, 'image');
  const stage = lastStage(read('Dockerfile'));
  const ignored = (path: string): boolean => /\.(test|fixture)\.ts$/.test(path);
  for (const [instruction, rest] of stage) {
    if (instruction !== 'COPY' || rest.startsWith('--from')) continue;
    const paths = rest.split(/\s+/);
    const target = paths.pop() ?? '';
    for (const path of paths) {
      const to = target.endsWith('/') ? join(home, target, path) : join(home, target);
      cpSync(join(root, path), to, { recursive: true, filter: (source) => !ignored(source) });
    }
  }
  linkProductionPackages(home);
  const environment: Record<string, string> = { PATH: process.env['PATH'] ?? '' };
  for (const [instruction, rest] of stage)
    if (instruction === 'ENV')
      for (const [, name = '', value = ''] of rest.matchAll(/(\w+)=(\S+)/g)) environment[name] = value;
  const [hep, admin] = [await freePort(), await freePort()];
  Object.assign(environment, {
    VIGIE_REDIS_DIRECTORY: join(directory, 'state'),
    VIGIE_INGEST_HEP_UDP: `127.0.0.1:${hep}`,
    VIGIE_INGEST_HEP_TCP: `127.0.0.1:${hep}`,
    VIGIE_ADMIN_LISTEN: `127.0.0.1:${admin}`,
  });
  const entry = JSON.parse(stage.find(([name]) => name === 'ENTRYPOINT')?.[1] ?? '[]') as string[];
  const command = JSON.parse(stage.find(([name]) => name === 'CMD')?.[1] ?? '[]') as string[];
  // Packages are links here: without this they would find what lies beside where they really are.
  const flags = ['--preserve-symlinks', '--preserve-symlinks-main'];
  assert.equal(entry[0], 'node');
  const child = startChild(process.execPath, [...flags, ...entry.slice(1), ...command], {
    cwd: home,
    env: environment,
  });
  const health = stage.find(([name]) => name === 'HEALTHCHECK')?.[1].match(/CMD (\[.*\])$/)?.[1] ?? '[]';
  const [program = '', ...args] = (JSON.parse(health) as string[]).map((word) =>
    word.replace(':8060', `:${admin}`),
  );
  assert.equal(program, 'node');
  const isHealthy = (): boolean => spawnSync(process.execPath, args).status === 0;
  assert.equal(isHealthy(), false, 'before anything listens');
  try {
    await waitFor('a healthy daemon', async () => isHealthy(), child, 30_000);
  } finally {
    await child.stop('SIGTERM', 15_000);
  }
  assert.deepEqual(await child.exited, { status: 0, signal: null }, child.log());
  assert.equal(isHealthy(), false, 'after the end');
});

test('no package names an option that does not exist', () => {
  for (const file of [
    'Dockerfile',
    'deploy/compose.yaml',
    'deploy/kubernetes/vigie.yaml',
    'deploy/systemd/vigie.service',
  ]) {
    const names = ours(read(file));
    assert.ok(names.length > 0, file);
    assert.deepEqual(
      names.filter((name) => !known.has(name)),
      [],
      file,
    );
  }
});

test('compose: every file that is mounted or built from is there, every image has a version', () => {
  interface Service {
    image?: string;
    build?: { context: string };
    volumes?: string[];
    depends_on?: Record<string, unknown>;
  }
  const { services, volumes } = parse(read('deploy/compose.yaml'), { merge: true }) as {
    services: Record<string, Service>;
    volumes: Record<string, unknown>;
  };
  assert.deepEqual(Object.keys(services).sort(), [
    'alertmanager',
    'grafana',
    'kamailio',
    'prometheus',
    'redis',
    'vigie',
  ]);
  for (const [name, { image, build, volumes: mounts = [], depends_on = {} }] of Object.entries(services)) {
    if (image !== undefined) assert.match(image, /^[a-z/-]+:v?\d/, name);
    if (build !== undefined) assert.ok(existsSync(join(root, 'deploy', build.context)), build.context);
    for (const mount of mounts) {
      const source = mount.split(':')[0] ?? '';
      if (source.startsWith('.')) assert.ok(existsSync(join(root, 'deploy', source)), source);
      else assert.ok(source in volumes, source);
    }
    for (const other of Object.keys(depends_on)) assert.ok(other in services, other);
  }
});

test('kubernetes: selectors find the pods, ports and probes are there, the configuration is one', () => {
  type Manifest = { kind: string; metadata: { name: string }; [key: string]: unknown };
  const manifests = parseAllDocuments(read('deploy/kubernetes/vigie.yaml')).map(
    (document) => document.toJS() as Manifest,
  );
  const of = <T>(kind: string): T[] => manifests.filter((each) => each.kind === kind) as T[];
  interface Pod {
    spec: {
      template: {
        metadata: { labels: Record<string, string> };
        spec: {
          securityContext: { runAsUser: number; runAsNonRoot: boolean };
          containers: {
            args: string[];
            ports: { name: string }[];
            securityContext: { readOnlyRootFilesystem: boolean };
            livenessProbe: { httpGet: { path: string; port: string } };
            readinessProbe: { httpGet: { path: string; port: string } };
            startupProbe: { httpGet: { path: string; port: string } };
            volumeMounts: { name: string }[];
            env: { name: string; value: string }[];
          }[];
          volumes: { name: string }[];
        };
      };
      selector: { matchLabels: Record<string, string> };
    };
  }
  const [deployment] = of<Pod>('Deployment');
  const { metadata, spec } = deployment!.spec.template;
  const [container] = spec.containers;
  assert.ok(container);
  assert.deepEqual(deployment!.spec.selector.matchLabels, metadata.labels);
  for (const { spec } of of<{ spec: { selector: { matchLabels: object } } }>('PodDisruptionBudget'))
    assert.deepEqual(spec.selector.matchLabels, metadata.labels);
  const ports = new Set(container.ports.map(({ name }) => name));
  const services = of<{ spec: { selector: object; ports: { targetPort: string }[] } }>('Service');
  assert.equal(services.length, 2);
  for (const { spec } of services) {
    assert.deepEqual(spec.selector, metadata.labels);
    for (const { targetPort } of spec.ports) assert.ok(ports.has(targetPort), targetPort);
  }
  for (const { httpGet } of [container.livenessProbe, container.readinessProbe, container.startupProbe]) {
    assert.ok(ports.has(httpGet.port));
    assert.match(httpGet.path, /^\/(livez|readyz)$/);
  }
  assert.ok(spec.securityContext.runAsNonRoot && spec.securityContext.runAsUser > 0);
  assert.ok(container.securityContext.readOnlyRootFilesystem);
  const declared = spec.volumes.map(({ name }) => name).sort();
  assert.deepEqual(container.volumeMounts.map(({ name }) => name).sort(), declared);
  const [secret] = of<{ stringData: Record<string, string> }>('Secret');
  for (const { name, value } of container.env)
    if (name.endsWith('_FILE')) assert.ok(value.replace(/^.*\//, '') in secret!.stringData, name);
  const [map] = of<{ data: Record<string, string> }>('ConfigMap');
  const file = join(directory, 'vigie.yaml');
  writeFileSync(file, map!.data['vigie.yaml'] ?? '');
  const checked = spawnSync(join(root, 'cli/vigie'), ['check-config', file], { encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stderr);
});

test('the Debian package has what its service runs, and it runs', () => {
  const built = spawnSync('npm', ['run', '--silent', 'deb'], { cwd: root, encoding: 'utf8' });
  assert.equal(built.status, 0, built.stderr);
  const file = built.stdout.trim().split('\n').at(-1) ?? '';
  assert.ok(statSync(file).size < 80e6, `${statSync(file).size} bytes`);
  const control = execFileSync('dpkg-deb', ['--field', file], { encoding: 'utf8' });
  assert.match(control, /^Package: vigie$/m);
  assert.match(control, /^Depends: .*adduser/m);
  const tree = join(directory, 'deb');
  execFileSync('dpkg-deb', ['--raw-extract', file, tree]);
  const unit = readFileSync(join(tree, 'lib/systemd/system/vigie.service'), 'utf8');
  for (const [, path = ''] of unit.matchAll(/ (\/(?:etc|usr\/bin)\/vigie[^\s]*)/g))
    if (!path.startsWith('/etc/vigie/credentials')) assert.ok(existsSync(join(tree, path)), path);
  assert.ok(existsSync(join(tree, 'usr/lib/vigie/console/dist/index.html')));
  const modules = readdirSync(join(tree, 'usr/lib/vigie/node_modules'));
  assert.ok(modules.includes('ioredis') && !modules.includes('vite') && !modules.includes('typescript'));
  const run = (...args: string[]) =>
    spawnSync(join(tree, 'usr/lib/vigie/runtime/node'), [join(tree, 'usr/lib/vigie/cli/main.ts'), ...args], {
      encoding: 'utf8',
    });
  assert.equal(run('check-config', join(tree, 'etc/vigie/vigie.yaml')).status, 0);
  assert.equal(run('--version').stdout.trim(), JSON.parse(read('package.json')).version);
  const scripts = readdirSync(join(tree, 'DEBIAN')).filter((name) => /^(post|pre)/.test(name));
  assert.deepEqual(scripts.sort(), ['postinst', 'postrm', 'prerm']);
  for (const name of scripts)
    assert.equal(spawnSync('sh', ['-n', join(tree, 'DEBIAN', name)]).status, 0, name);
});
