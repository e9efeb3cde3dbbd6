import type { AlertJson } from '../enforcement/alerts.ts';
import type { FindingJson } from '../policy/finding.ts';
import type { PolicyJson } from './services.ts';

export const liftSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

export const exampleFinding: FindingJson = {
  id: '0f8c2f1e-1234-4abc-9def-123456789012',
  rule: 'cmi.transaction-rate',
  policy: 'cmi',
  policyVersion: '1',
  clause: 'general terms 12.1',
  subject: { kind: 'customer', id: 'acme' },
  customer: 'acme',
  value: 31,
  limit: 30,
  unit: 'transactions/s',
  windowSeconds: 1,
  at: '2026-11-22T10:00:00.000Z',
  since: '2026-11-22T09:59:57.000Z',
  action: 'suspend',
  step: 1,
  mode: 'enforce',
  held: null,
  sample: null,
  evidence: { callIds: ['a@example.net'] },
};

export const exampleAlert: AlertJson & { readonly entry: string } = {
  entry: '1795341600000-0',
  kind: 'suspended',
  recordedAt: '2026-11-22T10:00:00.010Z',
  note: '',
  suspensionId: 's-0001',
  finding: exampleFinding,
};

export const exampleRule = {
  id: 'cmi.transaction-rate',
  title: 'More than 30 SIP transactions per second',
  clause: 'general terms 12.1',
  detector: 'transaction-rate',
  parameters: { limit: { value: 30, unit: 'transactions', description: 'The limit.' } },
  subject: 'customer',
  minimumSample: 30,
  confidence: 0.999,
  ladder: [{ action: 'alert' }, { action: 'suspend', for: 3_000 }],
  maturity: 'stable',
  enabled: true,
  mode: 'observe',
} as const;

export const examplePolicy: PolicyJson = {
  translations: {},
  id: 'cmi',
  contract: 'CMI general terms 1.11',
  version: '1+abc',
  appliesTo: 'customers',
  isDefault: true,
  mode: 'observe',
  rules: [exampleRule, { ...exampleRule, id: 'cmi.fax-rate', maturity: 'incubating', enabled: false }],
};
