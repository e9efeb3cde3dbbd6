import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { startRedis } from '../harness/redis.ts';
import { finding, startEnforcement } from './setting.ts';

const line = fc.constantFrom('1', '2');
/** Rules, what each asks for, and the keys that show it. */
const acts = {
  'cmi.transaction-rate': { action: 'suspend', family: 'blocked' },
  'cmi.answer-seizure-ratio': { action: 'suspend', family: 'blocked' },
  'cmi.caller-id': { action: 'restrict-caller-id', family: 'restricted' },
  'techcrea.concurrent-calls': { action: 'refuse-excess', family: 'limited' },
} as const;
const rule = fc.constantFrom(...(Object.keys(acts) as (keyof typeof acts)[]));
const family = fc.constantFrom('blocked', 'restricted', 'limited');
const operation = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('find' as const), line, rule, observe: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('lift' as const),
      line,
      rule,
      graceSeconds: fc.constantFrom(0, 30),
    }),
  },
  fc.record({ do: fc.constant('escalate' as const), line, rule }),
  fc.record({ do: fc.constant('advance' as const), seconds: fc.constantFrom(1, 20, 45) }),
  fc.record({ do: fc.constant('lose-key' as const), line, family }),
  fc.record({ do: fc.constant('stray-key' as const), line, family }),
  fc.record({ do: fc.constant('restart' as const) }),
);

interface Model {
  /** Open suspensions by line and rule: when they end, null for never. */
  readonly open: Map<string, number | null>;
  readonly graceUntil: Map<string, number>;
}

test('any sequence: keys stand for exactly the lines with an open suspension of their effect, as a simple model says', async () => {
  const server = await startRedis();
  const redis = new Redis(server.url);
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 20 }), async (operations) => {
        await redis.flushall();
        let nowMs = Date.now();
        const start = () =>
          startEnforcement(
            server.url,
            { durationsMs: { suspend: 60_000, 'block-registration': 60_000 } },
            { clock: () => nowMs },
          );
        let running = await start();
        const model: Model = { open: new Map(), graceUntil: new Map() };
        try {
          for (const step of operations) {
            // No two things happen in the same millisecond.
            nowMs += 1;
            const { enforcement } = running;
            const key = 'rule' in step ? `${step.line} ${step.rule}` : '';
            if (step.do === 'find') {
              enforcement.onFinding(
                finding(step.line, {
                  rule: step.rule,
                  action: acts[step.rule].action,
                  atMs: nowMs,
                  mode: step.observe ? 'observe' : 'enforce',
                }),
              );
              await running.settled();
              const grace = model.graceUntil.get(key) ?? 0;
              if (!step.observe && !model.open.has(key) && grace <= nowMs)
                model.open.set(key, nowMs + 60_000);
            } else if (step.do === 'lift' || step.do === 'escalate') {
              const { items } = await enforcement.list({
                subject: { kind: 'line', id: step.line },
                open: true,
                rule: step.rule,
              });
              assert.equal(items.length, model.open.has(key) ? 1 : 0);
              const id = items[0]?.id;
              if (id === undefined) continue;
              const by = { id, reason: 'test', by: 'Ana' };
              if (step.do === 'lift') {
                await enforcement.lift({ ...by, graceSeconds: step.graceSeconds });
                model.open.delete(key);
                model.graceUntil.set(key, nowMs + step.graceSeconds * 1_000);
              } else if (items[0]!.state === 'active') {
                await enforcement.escalate(by);
                model.open.set(key, null);
              }
            } else if (step.do === 'advance') {
              nowMs += step.seconds * 1_000;
              await enforcement.sweep();
              for (const [one, endMs] of model.open)
                if (endMs !== null && endMs <= nowMs) model.open.delete(one);
            } else if (step.do === 'restart') {
              await running.stop();
              running = await start();
            } else {
              const key = `vigie:${step.family}:line:${step.line}`;
              if (step.do === 'lose-key') await redis.del(key);
              else await redis.set(key, '{}', 'NX');
              await enforcement.reconcile();
            }
            const wanted = [...model.open.keys()].map((one) => {
              const [id, of] = one.split(' ') as [string, keyof typeof acts];
              return `vigie:${acts[of].family}:line:${id}`;
            });
            assert.deepEqual((await redis.keys('vigie:[brl]*:line:*')).sort(), [...new Set(wanted)].sort());
            const open = await running.enforcement.list({ open: true });
            assert.deepEqual(
              open.items.map(({ subject, rule: of }) => `${subject.id} ${of}`).sort(),
              [...model.open.keys()].sort(),
            );
          }
        } finally {
          await running.stop();
        }
      }),
      { numRuns: 25, endOnFailure: true },
    );
  } finally {
    redis.disconnect();
    await server.remove();
  }
});
