import { parseEndpoint } from '../daemon/ingest/address.ts';
import type { Endpoint } from '../daemon/ingest/packet.ts';
import type { DayProfile } from './calendar.ts';
import { type DiallingHabit, ownNumber } from './numbers.ts';
import type { Random } from './random.ts';

export type Side = 'customer' | 'proxy' | 'carrier';

/** An address and port that SIP is sent from. */
export interface Host {
  readonly side: Side;
  readonly endpoint: Endpoint;
  /** As text, without port. */
  readonly address: string;
  /** `192.0.2.1:5060`, `[2001:db8::1]:5060` */
  readonly hostPort: string;
}

export function hostAt(side: Side, hostPort: string): Host {
  const endpoint = parseEndpoint(hostPort);
  if (endpoint === null) throw new RangeError(`not an endpoint: ${hostPort}`);
  const address = hostPort.slice(0, hostPort.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  return { side, endpoint, address, hostPort };
}

export const PROXY = hostAt('proxy', '192.0.2.10:5060');
export const PROXY_V6 = hostAt('proxy', '[2001:db8:0:10::10]:5060');
export const CARRIER = hostAt('carrier', '192.0.2.130:5060');
export const DOMAIN = 'sip.operator.example';

export function proxyFor(host: Host): Host {
  return host.endpoint.isIPv4() ? PROXY : PROXY_V6;
}

/** A telephone, a softphone or a PBX: one flow of signalling. */
export interface Device {
  readonly host: Host;
  /** Where it says that it is reached: behind a NAT, a private address. */
  readonly contactHost: string;
  readonly userAgent: string;
  /** Sends credentials with its first INVITE, with the nonce of before. */
  readonly remembersNonce: boolean;
  /** Asks for session timers (RFC 4028). */
  readonly sessionTimer: boolean;
  registered: boolean;
  /** Calls that it is in. */
  busy: number;
}

export interface Plan {
  readonly id: string;
  readonly title: string;
  readonly billing: 'unlimited' | 'per-minute';
  /** Euros that a customer may owe, and so much more for each line. */
  readonly creditThreshold: number;
  readonly creditPerLine: number;
}

export interface Customer {
  readonly id: string;
  readonly name: string;
  readonly kind: 'home' | 'business';
  readonly plan: string;
  readonly billingDay: number;
  /** Euros it may owe, if neither what its plan says nor what its usual bills allow. */
  readonly creditThreshold?: number;
  /** Public address of its site. */
  readonly site: string;
  readonly lines: Line[];
}

/** What its owner does with it. */
export interface Habits {
  readonly day: DayProfile;
  readonly dialling: DiallingHabit;
  /** Of an ordinary working day. */
  readonly callsPerDay: number;
  readonly incomingPerDay: number;
  /** Share of its calls that is answered. */
  readonly answerShare: number;
  readonly medianTalkSeconds: number;
  readonly contacts: number;
  /** Share of calls to a number never called before. */
  readonly newNumberShare: number;
}

export interface Line {
  /** Account and number: international, without `+`. */
  readonly id: string;
  readonly customer: Customer;
  readonly device: Device;
  readonly habits: Habits;
}

export interface Trunk {
  readonly id: string;
  readonly customer: Customer;
  readonly channels: number;
  readonly firstNumber: string;
  readonly lastNumber: string;
  readonly device: Device;
  readonly habits: Habits;
}

export interface Operator {
  readonly plans: readonly Plan[];
  readonly customers: readonly Customer[];
  readonly lines: readonly Line[];
  readonly trunks: readonly Trunk[];
}

export const PLANS: readonly Plan[] = [
  {
    id: 'home-unlimited',
    title: 'Home, unlimited calls',
    billing: 'unlimited',
    creditThreshold: 60,
    creditPerLine: 0,
  },
  {
    id: 'office-unlimited',
    title: 'Office, unlimited calls',
    billing: 'unlimited',
    creditThreshold: 80,
    creditPerLine: 20,
  },
  {
    id: 'per-minute',
    title: 'Pay per minute',
    billing: 'per-minute',
    creditThreshold: 60,
    creditPerLine: 20,
  },
];

export const HOME_AGENTS = [
  'Livebox/8.2',
  'Fritz!Box 7590 8.02',
  'Grandstream HT802 1.0.53.5',
  'Linphone/5.2',
];
export const OFFICE_AGENTS = [
  'Yealink SIP-T54W 96.86.0.100',
  'Snom D785/10.1.198',
  'PolyVVX-450/6.4.6',
  'Cisco/SPA504G-7.6.2',
];
export const PBX_AGENTS = ['Asterisk PBX 20.9.2', '3CX 20.0', 'FPBX-17.0.19'];

/** Numbers of a trunk. */
export const TRUNK_BLOCK = 100;

/** Makes the customers with their lines and trunks. One in twenty homes has IPv6; offices share one public address. */
export function makeOperator(
  random: Random,
  counts: { readonly lines: number; readonly customers: number; readonly trunks: number },
): Operator {
  const customers: Customer[] = [];
  const lines: Line[] = [];
  const sizes = sizesOf(random, counts.lines, counts.customers);
  sizes.forEach((size, index) => {
    const kind = size > 1 || random.chance(0.12) ? 'business' : 'home';
    const v6 = kind === 'home' && random.chance(0.05);
    const customer: Customer = {
      id: `c${String(index + 1).padStart(5, '0')}`,
      name: `${kind === 'home' ? 'Household' : 'Office'} ${index + 1}`,
      kind,
      plan: random.chance(0.2) ? 'per-minute' : kind === 'home' ? 'home-unlimited' : 'office-unlimited',
      billingDay: 1 + random.below(28),
      site: v6 ? `2001:db8:1:${(index + 1).toString(16)}::2` : siteAddress(index),
      lines: [],
    };
    customers.push(customer);
    for (let i = 0; i < size; i++) {
      const device = makeDevice(random, customer.site, i, kind === 'home' ? HOME_AGENTS : OFFICE_AGENTS);
      const line: Line = {
        id: ownNumber(lines.length),
        customer,
        device,
        habits: habitsOf(random, kind, i === 0 && size >= 5),
      };
      lines.push(line);
      customer.lines.push(line);
    }
  });
  const trunks: Trunk[] = [];
  for (let i = 0; i < counts.trunks; i++) {
    // The first is a call centre that pays by the minute and does nothing wrong.
    const callCentre = i === 0;
    const index = customers.length;
    const customer: Customer = {
      id: `c${String(index + 1).padStart(5, '0')}`,
      name: callCentre ? 'Call centre' : `Company ${i + 1}`,
      kind: 'business',
      plan: 'per-minute',
      billingDay: 1,
      site: siteAddress(index),
      lines: [],
    };
    const channels = callCentre ? 20 : random.pick([4, 8, 10]);
    const firstNumber = 20_000 + i * TRUNK_BLOCK;
    const device = { ...makeDevice(random, customer.site, 0, PBX_AGENTS), registered: true };
    const habits: Habits = {
      ...habitsOf(random, 'business', false),
      callsPerDay: callCentre ? 900 : channels * 14,
      incomingPerDay: callCentre ? 250 : channels * 12,
      answerShare: callCentre ? 0.61 : random.between(0.66, 0.75),
      medianTalkSeconds: callCentre ? 70 : 95,
      contacts: callCentre ? 20 : 150,
      newNumberShare: callCentre ? 0.97 : 0.2,
    };
    customers.push(customer);
    trunks.push({
      id: `t${i + 1}`,
      customer,
      channels,
      firstNumber: ownNumber(firstNumber),
      lastNumber: ownNumber(firstNumber + TRUNK_BLOCK - 1),
      device,
      habits,
    });
  }
  return { plans: PLANS, customers, lines, trunks };
}

function sizesOf(random: Random, lines: number, customers: number): number[] {
  const sizes = new Array<number>(Math.max(1, Math.min(lines, customers))).fill(1);
  // The first fifth are offices; they share what is left, the sizes uneven.
  const offices = Math.max(1, Math.ceil(sizes.length / 5));
  for (let left = lines - sizes.length; left > 0; left--)
    sizes[Math.floor(offices * random.next() * random.next())]++;
  return sizes;
}

/** Addresses of 198.18.0.0/15, which is set aside for tests (RFC 2544). */
export function siteAddress(index: number): string {
  const host = index + 10;
  return `198.${18 + (host >> 16)}.${(host >> 8) & 255}.${host & 255}`;
}

export function makeDevice(random: Random, site: string, index: number, agents: readonly string[]): Device {
  const v6 = site.includes(':');
  const port = v6 ? 5060 : index === 0 && random.chance(0.4) ? 5060 : 20_000 + index * 97 + random.below(90);
  const hostPort = v6 ? `[${site}]:${port}` : `${site}:${port}`;
  return {
    host: hostAt('customer', hostPort),
    contactHost: v6 ? hostPort : `192.168.1.${20 + (index % 200)}:5060`,
    userAgent: random.pick(agents),
    remembersNonce: random.chance(0.3),
    sessionTimer: random.chance(0.5),
    registered: false,
    busy: 0,
  };
}

export function habitsOf(random: Random, kind: 'home' | 'business', secretary: boolean): Habits {
  const answerShare = Math.min(0.75, Math.max(0.6, 0.68 + 0.04 * random.normal()));
  if (kind === 'home') {
    return {
      day: 'home',
      dialling: random.pick(['national', 'national', 'plus'] as const),
      callsPerDay: random.logNormal(2.2, 0.6),
      incomingPerDay: random.logNormal(2, 0.5),
      answerShare,
      medianTalkSeconds: random.logNormal(100, 0.25),
      contacts: 8 + random.below(20),
      newNumberShare: 0.08,
    };
  }
  return {
    day: 'office',
    dialling: random.pick(['national', 'plus', 'zeros'] as const),
    callsPerDay: secretary ? random.between(40, 60) : random.logNormal(8, 0.5),
    incomingPerDay: secretary ? 50 : random.logNormal(6, 0.5),
    answerShare,
    medianTalkSeconds: random.logNormal(85, 0.2),
    contacts: 30 + random.below(60),
    newNumberShare: 0.12,
  };
}
