import { Endpoint } from '../ingest/packet.ts';

/** Agents that are learned at a time; the ones after these stay unknown. */
const MAXIMUM_AGENTS = 1_024;
/** Contradictions without result after which an agent's traffic is taken to have no single proxy. */
const MAXIMUM_RESTARTS = 8;
/** A settled proxy is given up when at least this many packets, and one in this many, pass it by. */
const MISSES = 16;

class Candidate {
  readonly endpoint = new Endpoint();
  alive = false;
  /** The very port was there every time; else only the address was (a proxy that listens on 5060 and 5061). */
  exact = false;

  start(endpoint: Endpoint): void {
    this.endpoint.copy(endpoint);
    this.alive = true;
    this.exact = true;
  }

  touches(source: Endpoint, destination: Endpoint): boolean {
    return sameAddress(this.endpoint, source) || sameAddress(this.endpoint, destination);
  }

  observe(source: Endpoint, destination: Endpoint): void {
    if (!this.alive) return;
    if (this.exact && !same(this.endpoint, source) && !same(this.endpoint, destination)) this.exact = false;
    if (!this.exact && !this.touches(source, destination)) this.alive = false;
  }
}

class Agent {
  readonly first = new Candidate();
  readonly second = new Candidate();
  /** Destination of the first request: the better guess while both candidates remain. */
  guess: Candidate | null = null;
  /** Destination of a REGISTER, which hardly ever is a telephone. */
  registrar: Candidate | null = null;
  started = false;
  settled: Candidate | null = null;
  packets = 0;
  misses = 0;
  restarts = 0;
  answer: Endpoint | null = null;
}

/**
 * Finds each capture agent's proxy where none is configured: the endpoint that stands on one side of every packet.
 *
 * The first packet gives two candidates. A candidate whose address is on neither side of a later packet is out; the one that
 * remains is settled (so a second peer address settles it). If both share one address (a test on loopback), they are told apart by
 * port. With a single peer so far both remain, and the destination of a REGISTER is the answer; without one the candidate whose port never
 * changed where the other's did, else the destination of the first request (of the first packet, if no request was seen). The answer has port 0 where several ports of the address were seen. If both candidates go out at once, learning
 * starts again with that packet; after 8 such contradictions the agent has no single proxy and the answer is null. A settled proxy
 * bears stray packets, until at least 16 and more than one in 16 pass it by: then learning starts again.
 */
export class ProxyLearner {
  /** Increases whenever an answer changes: whoever caches sides by address drops them then. */
  revision = 0;
  private readonly agents = new Map<number, Agent>();
  private last: Agent | null = null;
  private lastId = -1;

  /** Takes a packet in; a few comparisons. Packets with 0.0.0.0 or :: on a side teach nothing. */
  observe(
    agentId: number,
    source: Endpoint,
    destination: Endpoint,
    isRequest: boolean,
    isRegister = false,
  ): void {
    const agent = agentId === this.lastId ? this.last : this.agentOf(agentId);
    if (agent === null || isUnspecified(source) || isUnspecified(destination)) return;
    const settled = agent.settled;
    if (settled !== null) {
      agent.packets++;
      if (settled.exact && (same(settled.endpoint, source) || same(settled.endpoint, destination))) return;
      this.observeUnusual(agent, settled, source, destination, isRequest, isRegister);
      return;
    }
    this.learn(agent, source, destination, isRequest, isRegister);
  }

  /** The proxy's endpoint, port 0 for any port of the address; null while nothing is known or where there is no single one. */
  proxyOf(agentId: number): Endpoint | null {
    return this.agents.get(agentId)?.answer ?? null;
  }

  /** The answer rests on at least two peers. */
  settled(agentId: number): boolean {
    return this.agents.get(agentId)?.settled != null;
  }

  /** The agent's traffic has no single proxy: `network.proxies` must be configured. */
  ambiguous(agentId: number): boolean {
    return (this.agents.get(agentId)?.restarts ?? 0) >= MAXIMUM_RESTARTS;
  }

  agentIds(): IterableIterator<number> {
    return this.agents.keys();
  }

  private agentOf(agentId: number): Agent | null {
    let agent = this.agents.get(agentId) ?? null;
    if (agent === null && this.agents.size < MAXIMUM_AGENTS) {
      agent = new Agent();
      this.agents.set(agentId, agent);
    }
    this.lastId = agentId;
    this.last = agent;
    return agent;
  }

  private observeUnusual(
    agent: Agent,
    settled: Candidate,
    source: Endpoint,
    destination: Endpoint,
    isRequest: boolean,
    isRegister: boolean,
  ): void {
    if (settled.touches(source, destination)) {
      // Another port of the same address is the proxy's own, unless peers share the address.
      if (settled.exact && !sameAddress(source, destination)) {
        settled.exact = false;
        this.answer(agent);
      }
      if (!settled.exact) return;
    }
    agent.misses++;
    if (agent.misses < MISSES || agent.misses * MISSES <= agent.packets) return;
    this.restart(agent, source, destination, isRequest, isRegister);
  }

  private learn(
    agent: Agent,
    source: Endpoint,
    destination: Endpoint,
    isRequest: boolean,
    isRegister: boolean,
  ): void {
    if (agent.restarts >= MAXIMUM_RESTARTS) return;
    const { first, second } = agent;
    if (!agent.started) {
      this.restartWith(agent, source, destination, isRequest, isRegister);
      return;
    }
    first.observe(source, destination);
    second.observe(source, destination);
    // On one address only the port tells the two apart.
    if (sameAddress(first.endpoint, second.endpoint)) {
      first.alive &&= first.exact;
      second.alive &&= second.exact;
    }
    if (!first.alive && !second.alive) {
      this.restart(agent, source, destination, isRequest, isRegister);
      return;
    }
    if (first.alive !== second.alive) {
      agent.settled = first.alive ? first : second;
    } else if (isRequest) {
      const asked =
        same(destination, first.endpoint) || !sameAddress(destination, second.endpoint) ? first : second;
      agent.guess ??= asked;
      if (isRegister) agent.registrar ??= asked;
    }
    this.answer(agent);
  }

  private restart(
    agent: Agent,
    source: Endpoint,
    destination: Endpoint,
    isRequest: boolean,
    isRegister: boolean,
  ): void {
    // A settled proxy that moved is no contradiction of what was learned before it settled.
    agent.restarts = agent.settled === null ? agent.restarts + 1 : 0;
    agent.settled = null;
    if (agent.restarts >= MAXIMUM_RESTARTS) {
      agent.started = false;
      this.answer(agent);
      return;
    }
    this.restartWith(agent, source, destination, isRequest, isRegister);
  }

  private restartWith(
    agent: Agent,
    source: Endpoint,
    destination: Endpoint,
    isRequest: boolean,
    isRegister: boolean,
  ): void {
    agent.first.start(destination);
    agent.second.start(source);
    agent.guess = isRequest ? agent.first : null;
    agent.registrar = isRegister ? agent.first : null;
    agent.started = true;
    agent.packets = 0;
    agent.misses = 0;
    this.answer(agent);
  }

  private answer(agent: Agent): void {
    const { first, second, registrar } = agent;
    const steady = first.exact === second.exact ? null : first.exact ? first : second;
    const chosen = agent.started ? (agent.settled ?? registrar ?? steady ?? agent.guess ?? first) : null;
    const port = chosen?.exact ? chosen.endpoint.port : 0;
    const before = agent.answer;
    if (
      chosen === null
        ? before === null
        : before !== null && before.port === port && sameAddress(before, chosen.endpoint)
    )
      return;
    this.revision++;
    if (chosen === null) {
      agent.answer = null;
      return;
    }
    // A new object, so that an answer held by a caller does not change in its hands.
    agent.answer = new Endpoint();
    agent.answer.copy(chosen.endpoint);
    agent.answer.port = port;
  }
}

function sameAddress(a: Endpoint, b: Endpoint): boolean {
  return a.w3 === b.w3 && a.w2 === b.w2 && a.w1 === b.w1 && a.w0 === b.w0;
}

function same(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && sameAddress(a, b);
}

function isUnspecified(endpoint: Endpoint): boolean {
  return (
    endpoint.w3 === 0 &&
    endpoint.w0 === 0 &&
    endpoint.w1 === 0 &&
    (endpoint.w2 === 0xffff || endpoint.w2 === 0)
  );
}
