import type { CallEvent, Charged, Event } from '../../detectors/vocabulary.ts';
import { BadUserAgents } from './bad-user-agents.ts';
import type { Countries } from './countries.ts';
import { CredentialTrail } from './credential-trail.ts';
import { DiallingRhythm } from './dialling-rhythm.ts';
import { KnownNetworks } from './known-networks.ts';
import { type IdentityDirectory, PresentedIdentity } from './presented-identity.ts';
import { type SiteDirectory, Sites } from './sites.ts';

export interface CircumstancesOptions {
  readonly directory: SiteDirectory & IdentityDirectory;
  /** The line that a user name stands for, null where there is none. */
  readonly lineOf: (name: string) => string | null;
  /** Lines and sources remembered, of each kind. */
  readonly capacity: { readonly lines: number; readonly sources: number };
  readonly onNetworks?: (line: string, record: string) => void;
}

/**
 * Adds to an event what a detector cannot see in it alone: whether the source is one of the client's sites or a network new to the line, how
 * an attempt follows the one before, what credentials were refused before. In process: after a restart only the known networks come back.
 */
export class Circumstances {
  readonly networks: KnownNetworks;
  badUserAgents = new BadUserAgents();
  /** Countries of addresses, where the operator has brought a database. */
  countries: Countries | null = null;
  /** The operator's country, null where it is of no interest. */
  home: string | null = null;
  readonly #sites: Sites;
  readonly #rhythm: DiallingRhythm;
  readonly #identity: PresentedIdentity;
  readonly #trail: CredentialTrail;
  readonly #lineOf: (name: string) => string | null;
  /** Whom the last event was charged to, when, and with what is known of the place: a call's answer and its outcome come together. */
  #last: { readonly charged: Charged; readonly atMs: number; readonly told: Charged } | null = null;

  constructor({ directory, lineOf, capacity, onNetworks }: CircumstancesOptions) {
    this.networks = new KnownNetworks(capacity.lines, onNetworks);
    this.#sites = new Sites(directory);
    this.#rhythm = new DiallingRhythm(capacity.lines);
    this.#identity = new PresentedIdentity(directory, capacity.lines);
    this.#trail = new CredentialTrail(capacity.sources);
    this.#lineOf = lineOf;
  }

  /** The same event with its circumstances. Events come in order of time. */
  of(event: Event): Event {
    switch (event.type) {
      case 'registered':
        this.#chargedAt(event.binding.charged, event.atMs);
        this.#trail.proved(event.binding.charged.source, event.binding.line);
        return event;
      case 'unregistered':
      case 'endpoint':
      case 'delivery':
      case 'account':
        return event;
      case 'credentials':
        return this.#credentials(event);
      case 'unproven': {
        const { source } = event.charged;
        this.#trail.asked(source, event.target, event.atMs);
        const knownBad = this.badUserAgents.match(event.userAgent);
        return { ...event, knownBad, sourceProven: this.#trail.isProven(source, event.atMs) };
      }
      case 'challenged': {
        const { source } = event.charged;
        const asked = this.#trail.isAsked(source, event.target);
        return { ...event, asked, sourceProven: this.#trail.isProven(source, event.atMs) };
      }
      case 'put-through':
      case 'refused':
        return { ...event, sourceProven: this.#trail.isProven(event.charged.source, event.atMs) };
      case 'sms':
        return { ...event, charged: this.#chargedAt(event.charged, event.atMs) };
      default:
        return this.#call(event);
    }
  }

  #credentials(event: Extract<Event, { type: 'credentials' }>): Event {
    const { atMs, accepted, claimed } = event;
    const { source } = event.charged;
    const claimedLine = event.charged.line ?? this.#lineOf(claimed);
    // A stranger can claim any name: what has no line is followed under one name.
    const refusedBefore = this.#trail.judged(source, claimedLine ?? '', accepted, atMs);
    const provesEarlier = accepted && this.#trail.proved(source, claimed);
    const sourceProven = this.#trail.isProven(source, atMs);
    const charged = accepted ? this.#chargedAt(event.charged, atMs) : event.charged;
    return { ...event, charged, claimedLine, refusedBefore, provesEarlier, sourceProven };
  }

  #call(event: CallEvent): Event {
    const { leg, atMs } = event;
    if (leg.direction === 'incoming') {
      this.#identity.see(event);
      return event;
    }
    const charged = this.#chargedAt(leg.charged, atMs);
    const rhythm = this.#rhythm.see(event);
    if (event.type !== 'attempt') return { ...event, leg: { ...leg, charged } };
    const presentsCustomer = this.#identity.see(event);
    const provesEarlier = this.#trail.proved(charged.source, leg.called);
    return { ...event, leg: { ...leg, charged, presentsCustomer }, rhythm, provesEarlier };
  }

  /** A proven line at its source, with what is known of the place. */
  #chargedAt(charged: Charged, atMs: number): Charged {
    const { line, customer, source } = charged;
    if (line === null && charged.trunk === null) return charged;
    if (this.#last?.charged === charged && this.#last.atMs === atMs) return this.#last.told;
    this.#trail.proven(source, atMs);
    const newNetwork = line === null || charged.trunk !== null ? null : this.networks.see(line, source, atMs);
    const told = {
      ...charged,
      onSite: this.#sites.contain(line, customer, source),
      newNetwork,
      ...(this.home === null ? {} : { home: this.home }),
      ...(this.countries === null ? {} : this.#countriesOf(this.countries, charged, newNetwork, atMs)),
    };
    this.#last = { charged, atMs, told };
    return told;
  }

  /** Countries are those of the addresses now: the database may have come, or changed, after the line was there. */
  #countriesOf(
    countries: Countries,
    { line, source }: Charged,
    newNetwork: boolean | null,
    atMs: number,
  ): Pick<Charged, 'country' | 'countryBefore'> {
    const country = countries.of(source);
    if (country === null || line === null || newNetwork !== true) return { country, countryBefore: null };
    const before = this.networks
      .knownBefore(line, atMs)
      .map((address) => countries.of(address))
      .filter((known) => known !== null);
    return { country, countryBefore: before.includes(country) ? null : (before[0] ?? null) };
  }
}
