import { stringify } from 'yaml';
import { CARRIER, type Operator, PROXY, PROXY_V6 } from './operator.ts';

/** The operator as its directory file has it (docs/directory.md). */
export function directoryYaml({ plans, customers, lines, trunks }: Operator): string {
  return stringify(
    {
      plans,
      customers: customers.map(({ id, name, plan, billingDay, site, kind, lines, creditThreshold }) => ({
        id,
        name,
        plan,
        billingDay,
        profile: kind,
        ...(creditThreshold === undefined ? {} : { creditThreshold }),
        ...(lines.length === 0 ? {} : { numbers: lines.map((line) => `+${line.id}`) }),
        sites: [{ name: 'site', sources: [site] }],
      })),
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
