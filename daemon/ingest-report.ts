import type { IngestJson } from './admin/replies.ts';
import type { Daemon } from './daemon.ts';
import type { AgentStatistics } from './ingest/agents.ts';
import { isoTime } from './policy/finding.ts';
import { oddityName } from './sip/message.ts';

/** Seconds over which packets are counted for the rate. */
const SAMPLES = 10;
/** Agents that are listed, those heard last first. */
const MOST_AGENTS = 200;

interface Sample {
  readonly atMs: number;
  readonly frames: number;
}

/** Packets per second of each agent, from a sample a second. */
export class IngestRates {
  readonly #samples = new Map<number, Sample[]>();

  sample(nowMs: number, agents: Iterable<Pick<AgentStatistics, 'agentId' | 'frames'>>): void {
    for (const { agentId, frames } of agents) {
      const samples = this.#samples.get(agentId) ?? [];
      samples.push({ atMs: nowMs, frames });
      if (samples.length > SAMPLES + 1) samples.shift();
      this.#samples.set(agentId, samples);
    }
  }

  /** 0 before the second sample. */
  perSecond(agentId: number): number {
    const samples = this.#samples.get(agentId) ?? [];
    const [first, last] = [samples[0], samples.at(-1)];
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
    return ((last.frames - first.frames) * 1_000) / (last.atMs - first.atMs);
  }
}

/** How the signalling comes in: who captures it, what got lost on the way, what was odd in it. */
export function ingestReport(daemon: Daemon): IngestJson {
  const { receiver, ingestRates, core } = daemon;
  const { counters } = receiver;
  const { pipeline } = core;
  const agents = [...receiver.agents.values()]
    .toSorted((a, b) => b.lastArrivalMs - a.lastArrivalMs)
    .slice(0, MOST_AGENTS)
    .map((agent) => ({
      id: agent.agentId,
      lastSeen: agent.messages === 0 ? null : isoTime(agent.lastArrivalMs),
      packets: agent.frames,
      messages: agent.messages,
      packetsPerSecond: ingestRates.perSecond(agent.agentId),
      clockOffsetSeconds: agent.messages === 0 ? null : agent.clockOffsetMs / 1_000,
      gaps: agent.gaps,
      lastGap:
        agent.gaps === 0 ? null : { from: isoTime(agent.lastGapFromMs), to: isoTime(agent.lastGapToMs) },
      backwardJumps: agent.backwardJumps,
    }));
  const oddities: Record<string, number> = {};
  for (let oddity = 1; oddity < pipeline.counters.oddities.length; oddity++) {
    const count = pipeline.counters.oddities[oddity] + pipeline.counters.malformed[oddity];
    if (count > 0) oddities[oddityName(oddity)] = count;
  }
  const malformed = Object.fromEntries(Object.entries(counters.malformed).filter(([, count]) => count > 0));
  const { learner } = pipeline.sides;
  return {
    agents,
    packets: counters.frames,
    bytes: counters.bytes,
    messages: counters.messages,
    captureLagSeconds: daemon.captureLagSeconds(),
    drops: {
      kernel: counters.kernelDrops,
      unknownAgents: counters.unknownAgents,
      badAuthKey: counters.badAuthKey,
      oversize: counters.oversize,
      malformed,
      duplicates: pipeline.counters.duplicates,
    },
    connections: counters.connections,
    receiveBufferBytes: receiver.receiveBufferBytes,
    oddities,
    proxies: {
      configured: learner === null,
      learned: learner === null ? [] : [...pipeline.sides.learnedProxies()],
    },
  };
}
