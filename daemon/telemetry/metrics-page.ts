import { Registry } from 'prom-client';
import { registerMetrics } from './metrics.ts';
import type { MetricSources } from './sources.ts';

interface Described {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames?: readonly string[];
}

/** docs/metrics.md: `node daemon/telemetry/metrics-page.ts > docs/metrics.md`. A test checks that the file is current. */
export function renderMetricsPage(): string {
  const registry = new Registry();
  // Nothing is collected here, so no source is asked.
  registerMetrics(registry, {} as MetricSources);
  const metrics = registry.getMetricsAsArray() as unknown as readonly Described[];
  const rows = metrics.map(({ name, help, type, labelNames = [] }) => {
    const labels = labelNames.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
  });
  return [
    '# Metrics\n',
    'Served at `/metrics` (of `admin.listen`, or of `metrics.listen`), open to whoever reaches the listener, which is loopback unless',
    'configured otherwise. No label names a caller, a number, an address or a Call-ID. Alerts on them, with unit tests, are in',
    '`deploy/prometheus/`. This page is made from `daemon/telemetry/metrics.ts`.\n',
    '| Name | Type | Labels | Meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}

if (import.meta.main) {
  process.stdout.write(renderMetricsPage());
}
