/** The HTTP API of a daemon under test, with the token that it leaves for people on its own host. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { onceOnly, type TestVigie } from './vigie.ts';

export interface Reading {
  readonly rule: string;
  readonly value: number | null;
  readonly limit: number | null;
  readonly sample: number | null;
  readonly breached: boolean;
  readonly since: string | null;
  readonly step: number | null;
}

export interface Explanation {
  readonly readings: readonly Reading[];
  readonly suspensions: readonly { id: string; rule: string; state: string }[];
}

export async function adminRequest(
  vigie: TestVigie,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; body: unknown }> {
  // Made anew at each start.
  const token = readFileSync(join(vigie.directory, 'var', 'admin-token'), 'utf8').trim();
  const answer = await fetch(vigie.http + path, {
    method,
    headers: {
      ...onceOnly,
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
}

export async function explain(vigie: TestVigie, kind: string, id: string): Promise<Explanation> {
  const { status, body } = await adminRequest(vigie, 'GET', `/v1/subjects/${kind}/${encodeURIComponent(id)}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body as Explanation;
}

export function readingOf({ readings }: Explanation, rule: string): Reading {
  const reading = readings.find((one) => one.rule === rule);
  assert.ok(reading, `no reading of ${rule}`);
  return reading;
}
