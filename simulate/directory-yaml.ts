import { stringify } from 'yaml';
import { CARRIER, type Customer, type Habits, type Operator, PROXY, PROXY_V6 } from './operator.ts';

/** Mean length of a call over its median: log-normal lengths. */
const MEAN_OVER_MEDIAN = 1.8;
/** A minute of an ordinary mixture of calls at retail (rates/retail.csv), euros. */
const USUAL_MINUTE = 0.05;
const WORKING_DAYS = 22;

/** Three months' bills, as an operator knows them from last year: what a customer that pays by the minute may owe at least. */
function usualCredit(habits: readonly Habits[]): number {
  const minutes = habits.reduce(
    (sum, { callsPerDay, answerShare, medianTalkSeconds }) =>
      sum + callsPerDay * WORKING_DAYS * answerShare * ((medianTalkSeconds * MEAN_OVER_MEDIAN) / 60),
    0,
  );
  return Math.ceil((minutes * USUAL_MINUTE * 3) / 10) * 10;
}

/** Above what its plan says: for those who are known to spend more. */
function creditOf(customer: Customer, { plans, trunks }: Operator): number | null {
  const plan = plans.find(({ id }) => id === customer.plan);
  if (customer.creditThreshold !== undefined) return customer.creditThreshold;
  if (plan === undefined || plan.billing === 'unlimited') return null;
  const own = [...customer.lines, ...trunks.filter((trunk) => trunk.customer.id === customer.id)];
  const usual = usualCredit(own.map(({ habits }) => habits));
  return usual > plan.creditThreshold + plan.creditPerLine * customer.lines.length ? usual : null;
}

/** The operator as its directory file has it (docs/directory.md). */
export function directoryYaml(operator: Operator): string {
  const { plans, customers, lines, trunks } = operator;
  return stringify(
    {
      plans,
      customers: customers.map((customer) => {
        const { id, name, plan, billingDay, site, kind, lines: own } = customer;
        const creditThreshold = creditOf(customer, operator);
        return {
          ...{ id, name, plan, billingDay },
          profile: kind,
          ...(creditThreshold === null ? {} : { creditThreshold }),
          ...(own.length === 0 ? {} : { numbers: own.map((line) => `+${line.id}`) }),
          sites: [{ name: 'site', sources: [site] }],
        };
      }),
      trunks: trunks.map(({ id, customer, channels, firstNumber, lastNumber }) => ({
        id,
        customer: customer.id,
        sources: [customer.site],
        channels,
        numbers: [`+${firstNumber}-+${lastNumber}`],
      })),
      lines: lines.map(({ id, customer }) => ({ id, customer: customer.id, numbers: [`+${id}`] })),
    },
    { lineWidth: 0 },
  );
}

/** `network` of the configuration that goes with it. */
export const NETWORK = {
  proxies: [PROXY.address, PROXY_V6.address],
  carriers: [CARRIER.address],
} as const;
