/** Numbers of a Prometheus text page. */

/** The sum of a metric over all its label values; with `labels` (`type="request"`) only of those that have them. */
export function metric(page: string, name: string, labels = ''): number {
  let sum = 0;
  for (const line of page.split('\n')) {
    const parts = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (parts && parts[1] === name && (labels === '' || parts[2]?.includes(labels))) sum += Number(parts[3]);
  }
  return sum;
}
