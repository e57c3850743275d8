import type { Distribution, PoolSnapshot } from '../snapshot.js';
import { formatCount, formatTime } from './format.js';

/** How long tasks waited and ran: percentiles and a histogram. */
export function Distributions({ pool: { waitTime, runTime, sampling } }: { pool: PoolSnapshot }) {
  const note = sampling > 1 ? `one task in ${formatCount(sampling)}, last minute` : 'last minute';
  return (
    <div class="grid two">
      <DistributionPanel title="Run time" note={note} distribution={runTime} tone="done" />
      <DistributionPanel title="Time in the queue" note={note} distribution={waitTime} tone="queued" />
    </div>
  );
}

function DistributionPanel(props: { title: string; note: string; distribution: Distribution; tone: string }) {
  const { title, note, distribution, tone } = props;
  const { count, p50, p90, p99, max } = distribution;
  return (
    <section class="panel">
      <div class="panel-head">
        <h3>{title}</h3>
        <span class="muted">
          {formatCount(count)} tasks, {note}
        </span>
      </div>
      {count === 0 ? (
        <p class="empty">No task has ended since the page was opened.</p>
      ) : (
        <>
          <dl class="percentiles">
            {Object.entries({ p50, p90, p99, max }).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{formatTime(value)}</dd>
              </div>
            ))}
          </dl>
          <Histogram distribution={distribution} title={title} tone={tone} />
        </>
      )}
    </section>
  );
}

const [WIDTH, HEIGHT, BOTTOM] = [600, 110, 18];
/** The fewest buckets that are drawn: a single value is a bar in the middle. */
const MIN_BUCKETS = 24;

function Histogram({ distribution, title, tone }: { distribution: Distribution; title: string; tone: string }) {
  const bars = layOut(distribution);
  const top = Math.max(...bars.map(({ count }) => count));
  const width = WIDTH / bars.length;
  const ticks = bars.filter((_, at) => at % Math.ceil(bars.length / 5) === 0);
  return (
    <svg
      class="histogram"
      viewBox={`0 0 ${WIDTH} ${HEIGHT + BOTTOM}`}
      role="img"
      aria-label={describe(title, distribution)}
    >
      {bars.map(({ from, count }, at) => {
        const height = count === 0 ? 0 : Math.max(1.5, (count / top) * HEIGHT);
        return (
          <rect
            key={from}
            class={tone}
            x={at * width + 0.5}
            y={HEIGHT - height}
            width={Math.max(1, width - 1)}
            height={height}
            rx="1.5"
          />
        );
      })}
      <line x1="0" x2={WIDTH} y1={HEIGHT} y2={HEIGHT} class="axis" />
      {ticks.map(({ from }) => (
        <text key={from} x={bars.findIndex((bar) => bar.from === from) * width} y={HEIGHT + 14}>
          {formatTime(from)}
        </text>
      ))}
    </svg>
  );
}

interface Bar {
  from: number;
  count: number;
}

/** All buckets from the first to the last one that has values, on a logarithmic scale. */
function layOut({ buckets }: Distribution): Bar[] {
  const [first, last] = [buckets[0], buckets.at(-1)];
  if (first === undefined || last === undefined) return [];
  const ratio = first[1] / first[0];
  const size = Math.round(Math.log(last[1] / first[0]) / Math.log(ratio));
  const margin = Math.max(1, Math.ceil((MIN_BUCKETS - size) / 2));
  const bars = Array.from({ length: size + 2 * margin }, (_, at) => ({
    from: first[0] * ratio ** (at - margin),
    count: 0,
  }));
  for (const [from, , count] of buckets) {
    const bar = bars[Math.round(Math.log(from / first[0]) / Math.log(ratio)) + margin];
    if (bar !== undefined) bar.count += count;
  }
  return bars;
}

function describe(title: string, { count, p50, p90, p99, max }: Distribution): string {
  return (
    `Histogram of ${count} tasks. ${title}: half of them at most ${formatTime(p50)}, ` +
    `90 % ${formatTime(p90)}, 99 % ${formatTime(p99)}, the longest ${formatTime(max)}`
  );
}
