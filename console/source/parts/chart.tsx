import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { Series } from '../history.ts';
import { seen } from '../preferences.ts';
import { locale } from '../words/language.ts';

/** The shortest span that is drawn, so that the first points do not fill the width. */
const SHORTEST_SECONDS = 60;

interface ChartProps {
  readonly series: Series;
  /** Changes with each point: the arrays themselves stay the same. */
  readonly length: number;
  readonly breached: boolean;
  readonly label: string;
  readonly format: (value: number) => string;
  readonly height?: number;
}

/** A value against its limit over time. */
export function Chart({ series, length, breached, label, format, height = 96 }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const said = useRef(format);
  said.current = format;
  const theme = seen.value;
  const language = locale.value;

  // colours and words are read from the page; data comes below
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const style = getComputedStyle(element);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const line = colour(breached ? '--critical' : '--accent');
    const axis = { stroke: colour('--muted'), font: '11px system-ui, sans-serif', ticks: { show: false } };
    const made = new uPlot(
      {
        width: Math.max(120, element.clientWidth),
        height,
        cursor: { y: false, points: { size: 6 } },
        legend: { show: false },
        padding: [6, 22, 0, 0],
        scales: {
          x: { time: true, range: (_, from, to) => [Math.min(from, to - SHORTEST_SECONDS), to] },
          y: { range: (_, __, to) => [0, to > 0 ? to * 1.15 : 1] },
        },
        axes: [
          {
            ...axis,
            size: 20,
            grid: { show: false },
            space: 90,
            values: (_, times) =>
              times.map((time) =>
                new Date(time * 1000).toLocaleTimeString(language, {
                  hour: '2-digit',
                  minute: '2-digit',
                  second: '2-digit',
                }),
              ),
          },
          {
            ...axis,
            size: 54,
            space: 28,
            grid: { stroke: colour('--line'), width: 1 },
            values: (_, values) => values.map((value) => said.current(value)),
          },
        ],
        series: [
          {},
          { stroke: line, width: 2, fill: `${line}1f`, points: { show: false } },
          { stroke: colour('--ink'), width: 1, dash: [5, 4], points: { show: false } },
        ],
      },
      [series.times, series.values, series.limits],
      element,
    );
    plot.current = made;
    const resize = new ResizeObserver(() =>
      made.setSize({ width: Math.max(120, element.clientWidth), height }),
    );
    resize.observe(element);
    return () => {
      resize.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [series, theme, breached, height, language]);

  // `length` says that there is more in the same arrays
  useEffect(() => {
    plot.current?.setData([series.times, series.values, series.limits]);
  }, [length]);

  return <div class="chart" ref={box} role="img" aria-label={label} />;
}
