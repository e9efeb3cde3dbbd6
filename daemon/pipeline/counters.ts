/** What the pipeline has seen since its start. Plain numbers: telemetry reads them, nothing else writes them. */
export class PipelineCounters {
  /** Usable SIP messages of all legs, doubled datagrams left out. */
  messages = 0;
  /** Of these: requests. */
  requests = 0;
  /** Of these: from the customer side to a proxy. */
  customerMessages = 0;
  /** Between two addresses neither of which is a proxy of ours: not ours to judge. */
  strangerMessages = 0;
  duplicates = 0;
  transactions = 0;
  retransmissions = 0;
  /** Transactions charged to a customer. */
  charged = 0;
  keepAlives = 0;
  /** Unusable payloads by `Oddity` number, and messages that were used in spite of an oddity, likewise. */
  readonly malformed = new Float64Array(32);
  readonly oddities = new Float64Array(32);

  get malformedTotal(): number {
    let total = 0;
    for (const count of this.malformed) total += count;
    return total;
  }
}
