import { ownNumber } from '../numbers.ts';
import {
  type Customer,
  type Habits,
  HOME_AGENTS,
  habitsOf,
  type Line,
  makeDevice,
  OFFICE_AGENTS,
  type Operator,
  PBX_AGENTS,
  siteAddress,
  TRUNK_BLOCK,
  type Trunk,
} from '../operator.ts';
import type { Random } from '../random.ts';

/** Honest customers whose traffic looks like something else, in the words of people. */
export const LOOK_ALIKES = [
  'taxi-office',
  'hospital-switchboard',
  'school-results-day',
  'fax-notary',
  'travelling-salesman',
  'holiday-let',
  'shared-nat',
] as const;

export type LookAlikeKind = (typeof LOOK_ALIKES)[number];

export interface LookAlike {
  readonly kind: LookAlikeKind;
  readonly customers: readonly Customer[];
  readonly lines: readonly Line[];
  readonly trunk: Trunk | null;
}

const SHARED_NAT_HOMES = 12;
const SCHOOL_LINES = 3;
/** Euros: what the owner of the holiday let has paid before. */
const LAST_SUMMERS_BILLS = 500;
/** Numbers that no ordinary line or trunk has. */
const FIRST_LINE = 15_000;
const FIRST_TRUNK = 30_000;

/** The operator with those customers beside its own; what it had stays as it was. */
export function withLookAlikes(
  random: Random,
  operator: Operator,
): { operator: Operator; cast: readonly LookAlike[] } {
  const customers: Customer[] = [];
  const lines: Line[] = [];
  const trunks: Trunk[] = [];
  let sites = operator.customers.length;

  const customer = (
    name: string,
    kind: Customer['kind'],
    plan: string,
    site = siteAddress(sites++),
    creditThreshold: number | null = null,
  ): Customer => {
    const made: Customer = {
      id: `h${String(customers.length + 1).padStart(3, '0')}`,
      name,
      kind,
      plan,
      billingDay: 1 + random.below(28),
      site,
      ...(creditThreshold === null ? {} : { creditThreshold }),
      lines: [],
    };
    customers.push(made);
    return made;
  };
  const line = (owner: Customer, more: Partial<Habits> = {}, port = owner.lines.length): Line => {
    const home = owner.kind === 'home';
    const made: Line = {
      id: ownNumber(FIRST_LINE + lines.length),
      customer: owner,
      device: makeDevice(random, owner.site, port, home ? HOME_AGENTS : OFFICE_AGENTS),
      habits: { ...habitsOf(random, owner.kind, false), ...more },
    };
    lines.push(made);
    owner.lines.push(made);
    return made;
  };
  const trunk = (name: string, channels: number, more: Partial<Habits>): Trunk => {
    const owner = customer(name, 'business', 'per-minute');
    const first = FIRST_TRUNK + trunks.length * TRUNK_BLOCK;
    const habits = { ...habitsOf(random, 'business', false), ...more };
    const made: Trunk = {
      id: `ht${trunks.length + 1}`,
      customer: owner,
      channels,
      firstNumber: ownNumber(first),
      lastNumber: ownNumber(first + TRUNK_BLOCK - 1),
      device: { ...makeDevice(random, owner.site, 0, PBX_AGENTS), registered: true },
      habits,
    };
    trunks.push(made);
    return made;
  };
  const alone = (kind: LookAlikeKind, owner: Customer): LookAlike => ({
    kind,
    customers: [owner],
    lines: owner.lines,
    trunk: null,
  });
  const behind = (kind: LookAlikeKind, made: Trunk): LookAlike => ({
    kind,
    customers: [made.customer],
    lines: [],
    trunk: made,
  });

  const cast: LookAlike[] = [
    // Day and night, to people who are called once: the taxi is at the door.
    behind(
      'taxi-office',
      trunk('Taxis', 8, {
        day: 'service',
        callsPerDay: 350,
        incomingPerDay: 450,
        answerShare: 0.7,
        medianTalkSeconds: 26,
        contacts: 20,
        newNumberShare: 0.9,
      }),
    ),
    behind(
      'hospital-switchboard',
      trunk('Hospital', 30, {
        day: 'service',
        callsPerDay: 500,
        incomingPerDay: 600,
        answerShare: 0.66,
        medianTalkSeconds: 80,
        contacts: 400,
        newNumberShare: 0.35,
      }),
    ),
  ];
  const school = customer('School', 'business', 'office-unlimited');
  for (let i = 0; i < SCHOOL_LINES; i++) line(school);
  cast.push(alone('school-results-day', school));
  const notary = customer('Notary', 'business', 'office-unlimited');
  line(notary, { contacts: 25, newNumberShare: 0.1 });
  cast.push(alone('fax-notary', notary));
  const salesman = customer('Salesman', 'business', 'per-minute');
  line(salesman, { callsPerDay: 18, incomingPerDay: 10 });
  cast.push(alone('travelling-salesman', salesman));
  const holiday = customer('Holiday let', 'home', 'per-minute', siteAddress(sites++), LAST_SUMMERS_BILLS);
  line(holiday, { callsPerDay: 0.4, incomingPerDay: 0.5 });
  cast.push(alone('holiday-let', holiday));
  const nat = siteAddress(sites++);
  const homes = Array.from({ length: SHARED_NAT_HOMES }, (_, index) => {
    const owner = customer(`Flat ${index + 1}`, 'home', 'home-unlimited', nat);
    line(owner, {}, index + 1);
    return owner;
  });
  cast.push({
    kind: 'shared-nat',
    customers: homes,
    lines: homes.flatMap((owner) => owner.lines),
    trunk: null,
  });
  return {
    operator: {
      plans: operator.plans,
      customers: [...operator.customers, ...customers],
      lines: [...operator.lines, ...lines],
      trunks: [...operator.trunks, ...trunks],
    },
    cast,
  };
}
