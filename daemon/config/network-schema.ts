/** The operator's network, and how numbers are dialled in it. */
import Type from 'typebox';
import { Count } from '../../detectors/parameters.ts';
import { Nullable, Text, TextList } from './values.ts';

const closed = { additionalProperties: false };

export const NetworkSchema = Type.Object(
  {
    proxies: TextList('network', {
      description:
        'Our own proxies: address, address:port, [v6]:port or CIDR. Empty: learned from the traffic.',
      default: [],
      maximum: 10_000,
    }),
    carriers: TextList('network', {
      description: 'Upstream carriers, written the same way.',
      default: [],
      maximum: 10_000,
    }),
    protected: TextList('network', {
      description: 'Addresses that are never blocked, besides proxies and carriers.',
      default: [],
      maximum: 10_000,
    }),
    timezone: Text('timezone', {
      description: "The operator's time zone, in which days and months begin (IANA name).",
      default: 'Europe/Paris',
    }),
    country: Text('country', {
      description: "The operator's country, in which national numbers are dialled (ISO 3166-1 alpha-2).",
      default: 'FR',
    }),
    geoip: Nullable(Text('path'), {
      description:
        "Countries of addresses: a database in MaxMind's format (.mmdb) of the operator's own, up to 256 MiB, read again on SIGHUP; null: none, and nothing needs one.",
    }),
  },
  closed,
);

export const EmergencySchema = Type.Object(
  {
    countries: TextList('country', {
      description:
        "Countries whose emergency numbers always pass (config/emergency-numbers.yaml); empty: network.country's.",
      default: [],
      maximum: 250,
    }),
    numbers: TextList('number', {
      description: 'Further numbers that always pass, as dialled.',
      default: [],
      maximum: 1_000,
    }),
  },
  closed,
);

export const NumberingSchema = Type.Object(
  {
    highRiskFile: Nullable(Text('path'), {
      description:
        'Ranges in which calls often earn money for the caller, in the form of config/numbers/high-risk.yaml; null: that file.',
    }),
    remembered: Count({
      description: 'Dialled numbers whose meaning is remembered; reading one anew takes some 15 µs.',
      unit: 'numbers',
      default: 100_000,
      minimum: 100,
      maximum: 10_000_000,
    }),
  },
  closed,
);
