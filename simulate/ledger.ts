/** What a line (or trunk, where no line is known) did, by the simulator's own knowledge of it. Nothing of it is read from a message. */
export class Account {
  attempts = 0;
  /** Attempts with an outcome, refusals by Vigie's own suspension left out. */
  outcomes = 0;
  answered = 0;
  /** Answered calls that have ended. */
  ended = 0;
  /** From the first 2xx to the first BYE, as captured, microseconds. */
  talkUs = 0;
  /** Refused with 403 because of a suspension. */
  refused = 0;
  /** As dialled. */
  readonly destinations = new Set<string>();
  open = 0;
  mostOpen = 0;
  devices = 0;
  mostDevices = 0;

  opened(): void {
    this.open++;
    this.mostOpen = Math.max(this.mostOpen, this.open);
  }
}

export class SourceAccount {
  messages = 0;
  transactions = 0;
}

export class Ledger {
  readonly accounts = new Map<string, Account>();
  /** By public address. */
  readonly sources = new Map<string, SourceAccount>();
  messages = 0;

  account(id: string): Account {
    let account = this.accounts.get(id);
    if (account === undefined) {
      account = new Account();
      this.accounts.set(id, account);
    }
    return account;
  }

  source(address: string): SourceAccount {
    let source = this.sources.get(address);
    if (source === undefined) {
      source = new SourceAccount();
      this.sources.set(address, source);
    }
    return source;
  }
}
