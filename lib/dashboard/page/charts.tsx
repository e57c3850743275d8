import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { Point } from '../snapshot.js';
import { formatCount, formatRate } from './format.js';
import { HISTORY, type PoolHistory } from './store.js';
import { colour } from './theme.js';

interface Line {
  label: string;
  /** The name of its colour in the theme. */
  colour: string;
  dash?: number[];
  values: (number | null)[];
}

interface Props {
  history: PoolHistory;
  clock: number;
}

/** Tasks that end, fail and are retried, a second. */
export function RateChart({ history: { points }, clock }: Props) {
  const rateOf = (index: 1 | 2 | 3) =>
    points.map((point, at) => {
      const before = points[at - 1];
      return before === undefined ? null : ((point[index] - before[index]) / (point[0] - before[0])) * 1000;
    });
  const lines: Line[] = [
    { label: 'done', colour: 'done', values: rateOf(1) },
    { label: 'failed', colour: 'failed', values: rateOf(2), dash: [6, 3] },
    { label: 'retried', colour: 'retried', values: rateOf(3), dash: [2, 3] },
  ];
  return <Chart title="Tasks a second" lines={lines} points={points} clock={clock} format={formatRate} />;
}

/** Tasks that wait, and tasks that processes have. */
export function QueueChart({ history: { points }, clock }: Props) {
  const lines: Line[] = [
    { label: 'queued', colour: 'queued', values: points.map((point) => point[4]) },
    { label: 'running', colour: 'running', values: points.map((point) => point[5]), dash: [6, 3] },
  ];
  return <Chart title="Queue" lines={lines} points={points} clock={clock} format={formatCount} />;
}

const HEIGHT = 180;

function Chart(props: {
  title: string;
  lines: Line[];
  points: readonly Point[];
  clock: number;
  format: (value: number) => string;
}) {
  const { title, lines, points, clock, format } = props;
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const data = [points.map(([at]) => (at - clock) / 1000), ...lines.map(({ values }) => values)] as uPlot.AlignedData;
  const span = Math.min(HISTORY, Math.max(60_000, clock - (points[0]?.[0] ?? clock))) / 1000;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the effect below brings the data of each drawing
  useEffect(() => {
    const parent = box.current as HTMLDivElement;
    const create = () => {
      plot.current?.destroy();
      plot.current = new uPlot(createOptions(lines, parent.clientWidth, format), data, parent);
    };
    create();
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: parent.clientWidth, height: HEIGHT }));
    observer.observe(parent);
    addEventListener('theme', create);
    return () => {
      observer.disconnect();
      removeEventListener('theme', create);
      plot.current?.destroy();
    };
  }, []);
  useEffect(() => {
    plot.current?.batch(() => {
      plot.current?.setData(data, false);
      plot.current?.setScale('x', { min: -span, max: 0 });
      plot.current?.setScale('y', { min: 0, max: findTop(lines) });
    });
  });
  const current = lines.map(({ label, values }) => `${label} ${format(values.at(-1) ?? 0)}`).join(', ');
  return (
    <section class="panel chart">
      <div class="panel-head">
        <h3>{title}</h3>
        <ul class="legend">
          {lines.map(({ label, colour: name, values }) => (
            <li key={label}>
              <span class={`key ${name}`} aria-hidden="true" />
              {label} <b class="number">{format(values.at(-1) ?? 0)}</b>
            </li>
          ))}
        </ul>
      </div>
      <div ref={box} class="plot" role="img" aria-label={`${title} of the last minutes. Now: ${current}`} />
    </section>
  );
}

/** A round number above all values. */
function findTop(lines: readonly Line[]): number {
  const top = Math.max(4, ...lines.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const step = 10 ** Math.floor(Math.log10(top));
  return ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((each) => each * step >= top * 1.05) ?? 10) * step;
}

function createOptions(lines: readonly Line[], width: number, format: (value: number) => string): uPlot.Options {
  const axis = {
    stroke: colour('muted'),
    grid: { stroke: colour('grid'), width: 1 },
    ticks: { show: false },
    font: '11px system-ui, sans-serif',
  };
  return {
    width,
    height: HEIGHT,
    padding: [8, 8, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false, auto: false, range: (_, min, max) => [min, max] }, y: { auto: false } },
    axes: [
      { ...axis, size: 24, space: 60, values: (_, ticks) => ticks.map(formatAgo) },
      { ...axis, size: 56, space: 36, values: (_, ticks) => ticks.map(format) },
    ],
    series: [
      {},
      ...lines.map(({ label, colour: name, dash = [] }, index) => ({
        label,
        stroke: colour(name),
        width: 2,
        dash,
        points: { show: false },
        ...(index === 0 && { fill: `${colour(name)}22` }),
      })),
    ],
  };
}

function formatAgo(seconds: number): string {
  if (seconds === 0) return 'now';
  return seconds % 60 === 0 ? `${seconds / 60} m` : `${seconds} s`;
}
