import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';

const EVENT_LOOP_RESOLUTION_MS = 10;

/**
 * The process itself. prom-client's own defaults are not used: several of their names break the naming rules that
 * `promtool check metrics` applies.
 */
export function registerProcessMetrics(registry: Registry): void {
  const registers = [registry];
  new Counter({
    name: 'vigie_process_cpu_seconds_total',
    help: 'User and system time of the process.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  new Gauge({
    name: 'vigie_process_resident_memory_bytes',
    help: 'Resident memory of the process.',
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: 'vigie_process_heap_used_bytes',
    help: 'Heap in use.',
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  new Gauge({
    name: 'vigie_process_start_time_seconds',
    help: 'Unix time at which the process started.',
    registers,
  }).set(Math.round(Date.now() / 1000 - process.uptime()));
  new Gauge({
    name: 'vigie_process_open_fds',
    help: 'Open file descriptors, absent where /proc is not there.',
    registers,
    collect() {
      try {
        this.set(readdirSync('/proc/self/fd').length);
      } catch {
        this.remove();
      }
    },
  });
  registerEventLoopDelay(registry);
}

/** Delay of timers over the time since the last scrape: how long a message may have waited for the event loop. */
function registerEventLoopDelay(registry: Registry): void {
  const histogram = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
  histogram.enable();
  new Gauge({
    name: 'vigie_event_loop_delay_seconds',
    help: 'Delay of the event loop since the last scrape.',
    registers: [registry],
    labelNames: ['statistic'],
    collect() {
      // The histogram measures from one tick to the next: the resolution is no delay.
      const delay = (nanoseconds: number) =>
        Math.max(0, (Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0) - EVENT_LOOP_RESOLUTION_MS / 1e3);
      this.set({ statistic: 'mean' }, delay(histogram.mean));
      this.set({ statistic: 'p99' }, delay(histogram.percentile(99)));
      this.set({ statistic: 'max' }, delay(histogram.max));
      histogram.reset();
    },
  });
}
