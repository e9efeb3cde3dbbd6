/** The dashboards are what their source says, and ask only for what there is. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { BOARDS, boardFile, boardJson } from '../deploy/grafana/dashboards.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const expressions = BOARDS.flatMap(({ rows }) => rows)
  .flatMap(({ panels }) => panels)
  .flatMap(({ queries }) => queries)
  .map(({ expression }) => expression);
const rules = `${read('../deploy/prometheus/vigie-rules.yaml')}${read('../deploy/prometheus/vigie-recording.yaml')}`;

/** Names of our metrics in a text, those of a histogram's parts as the histogram's. */
function metricsIn(text: string): Set<string> {
  return new Set(
    [...text.matchAll(/\bvigie_[a-z_]+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, '')),
  );
}

/** docs/metrics.md is made from the code, and a test of its own holds it to that. */
const exported = new Set(
  [...read('../docs/metrics.md').matchAll(/^\| `(vigie_[a-z_]+)`/gm)].map(([, name]) => name),
);

test('the files are what dashboards.ts makes', () => {
  const folder = fileURLToPath(new URL('../deploy/grafana/dashboards/', import.meta.url));
  assert.deepEqual(
    readdirSync(folder).sort(),
    BOARDS.map((board) => boardFile(board).pathname.replace(/^.*\//, '')).sort(),
  );
  for (const board of BOARDS)
    assert.deepEqual(
      JSON.parse(readFileSync(boardFile(board), 'utf8')),
      JSON.parse(JSON.stringify(boardJson(board))),
      `${board.uid}: run node deploy/grafana/dashboards.ts`,
    );
});

test('every metric of a dashboard or rule is exported, and documented', () => {
  assert.ok(exported.size > 50);
  const used = metricsIn(expressions.join('\n'));
  const unknown = [...used, ...metricsIn(rules)].filter((name) => !exported.has(name));
  assert.deepEqual(unknown, []);
});

test('every recorded series of a dashboard is recorded', () => {
  const wanted = new Set(expressions.flatMap((text) => text.match(/\bvigie:[a-z0-9_:]+/g) ?? []));
  assert.ok(wanted.size > 0);
  for (const name of wanted) assert.match(rules, new RegExp(`record: ${name}$`, 'm'));
});

test('every expression is PromQL', () => {
  const asRules = {
    groups: [
      {
        name: 'dashboards',
        rules: expressions.map((expression, index) => ({
          record: `dashboard:expression_${index}`,
          expr: expression.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*'),
        })),
      },
    ],
  };
  const directory = mkdtempSync(join(tmpdir(), 'vigie-dashboards-'));
  writeFileSync(join(directory, 'rules.yaml'), stringify(asRules));
  const { status, stdout, stderr } = spawnSync(
    'promtool',
    ['check', 'rules', join(directory, 'rules.yaml')],
    {
      encoding: 'utf8',
    },
  );
  rmSync(directory, { recursive: true });
  assert.equal(status, 0, stdout + stderr);
  assert.match(stdout, new RegExp(`SUCCESS: ${expressions.length} rules found`));
});

test('panels do not lie upon each other', () => {
  for (const board of BOARDS) {
    const { panels } = boardJson(board) as { panels: { gridPos: Record<'x' | 'y' | 'w' | 'h', number> }[] };
    const cells = new Set<string>();
    for (const { gridPos } of panels)
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(x < 24 && !cells.has(`${x} ${y}`), `${board.uid} at ${x} ${y}`);
          cells.add(`${x} ${y}`);
        }
  }
});
