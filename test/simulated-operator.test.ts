/**
 * The simulator keeps its own books of what everybody did; `vigie replay` counts the same from the capture. Both must agree to the
 * last call and microsecond, whichever legs were captured and whether or not a directory is at hand.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { stringify } from 'yaml';
import { replay } from '../daemon/replay.ts';
import type { ReplayReport } from '../daemon/replay-report.ts';
import { directoryYaml, NETWORK } from '../simulate/directory-yaml.ts';
import { writePcap } from '../simulate/files.ts';
import { FRAUD_KINDS } from '../simulate/labels.ts';
import { Simulation, type SimulationOptions } from '../simulate/simulation.ts';

const directory = mkdtempSync(join(tmpdir(), 'vigie-simulated-'));
after(() => rmSync(directory, { recursive: true, force: true }));

async function replayed(
  options: SimulationOptions,
  withConfig: boolean,
): Promise<{ simulation: Simulation; report: ReplayReport; packets: number }> {
  const simulation = new Simulation(options);
  const pcap = join(directory, `${options.seed}.pcap`);
  const packets = await writePcap(simulation, pcap);
  const config = join(directory, 'vigie.yaml');
  writeFileSync(join(directory, 'directory.yaml'), directoryYaml(simulation.operator));
  writeFileSync(config, stringify({ network: NETWORK, directory: { file: 'directory.yaml' } }));
  const report = await replay([pcap], { config: withConfig ? config : null, policy: null });
  return { simulation, report, packets };
}

/** Sums of doubles stray by fractions of a microsecond; sums of whole microseconds do not. */
function talkUsByLine({ calls }: ReplayReport): Map<string, number> {
  const sums = new Map<string, number>();
  for (const { line, direction, durationSeconds } of calls)
    if (direction === 'outgoing' && durationSeconds !== null)
      sums.set(line, (sums.get(line) ?? 0) + Math.round(durationSeconds * 1e6));
  return sums;
}

function compare(simulation: Simulation, report: ReplayReport): void {
  const lines = new Map(report.lines.map((line) => [line.line, line]));
  assert.deepEqual([...lines.keys()].sort(), [...simulation.ledger.accounts.keys()].sort());
  const talkUs = talkUsByLine(report);
  for (const [id, account] of simulation.ledger.accounts) {
    const line = lines.get(id)!;
    const counted = {
      attempts: line.attempts,
      answered: line.answered,
      ended: line.ended,
      asr: line.asr,
      talkUs: talkUs.get(id) ?? 0,
      distinctDestinations: line.distinctDestinations,
      maxSimultaneousCalls: line.maxSimultaneousCalls,
      registeredDevices: line.registeredDevices,
    };
    assert.deepEqual(
      counted,
      {
        attempts: account.attempts,
        answered: account.answered,
        ended: account.ended,
        asr: account.outcomes === 0 ? null : account.answered / account.outcomes,
        talkUs: account.talkUs,
        distinctDestinations: account.destinations.size,
        maxSimultaneousCalls: account.mostOpen,
        registeredDevices: account.mostDevices,
      },
      id,
    );
  }
  const sources = new Map(report.sources.map((source) => [source.address, source]));
  assert.deepEqual([...sources.keys()].sort(), [...simulation.ledger.sources.keys()].sort());
  for (const [address, { messages, transactions }] of simulation.ledger.sources) {
    const source = sources.get(address)!;
    assert.deepEqual(
      { messages: source.messages, transactions: source.transactions },
      { messages, transactions },
      address,
    );
  }
}

for (const bothLegs of [true, false])
  test(`replay counts what the simulator booked, ${bothLegs ? 'both legs' : "only the customers' leg"} captured`, async () => {
    const { simulation, report, packets } = await replayed(
      { seed: `legs ${bothLegs}`, lines: 110, days: 1, fraudShare: 0.1, bothLegs },
      true,
    );
    assert.deepEqual(simulation.labels.map(({ kind }) => kind).sort(), [...FRAUD_KINDS].sort());
    assert.equal(report.capture.frames, packets);
    assert.equal(report.capture.messages, packets);
    assert.equal(report.capture.malformed, 0);
    assert.equal(report.capture.duplicates, 0);
    assert.deepEqual(report.capture.faults, []);
    assert.ok(packets > 50_000);
    compare(simulation, report);
  });
