/** A value against its limit, in one bar: the mark stands where the limit is. */
export function Meter(props: {
  value: number | null;
  limit: number | null;
  /** Beyond the limit is below it. */
  floor: boolean;
  tone: 'critical' | 'warning' | 'good' | 'quiet';
}) {
  const { value, limit, floor, tone } = props;
  if (limit === null || limit <= 0) return null;
  // The limit stands at two thirds; a floor at one third, so that there is room on the good side.
  const top = floor ? limit * 2.5 : limit * 1.5;
  const at = (amount: number) => `${Math.min(100, Math.max(0, (amount / top) * 100))}%`;
  return (
    <div class={`meter ${tone}`} aria-hidden="true">
      <span class="meter-fill" style={{ width: at(value ?? 0) }} />
      <span class="meter-limit" style={{ left: at(limit) }} />
    </div>
  );
}
