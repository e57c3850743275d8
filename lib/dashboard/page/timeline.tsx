import { useEffect, useRef, useState } from 'preact/hooks';
import type { PoolSnapshot } from '../snapshot.js';
import { formatPercent, formatTime } from './format.js';
import { type PoolHistory, store, TIMELINE } from './store.js';
import { colour } from './theme.js';
import { type Bar, layOut, type Row, shareOf } from './timeline-layout.js';

/** In CSS pixels. */
const [ROW, GAP, LEFT, AXIS] = [34, 6, 34, 22];
/** The shortest window, in milliseconds. */
const MIN_WINDOW = 2;
const ZOOM = 1.6;
/** The part of the window that an arrow key moves. */
const STEP = 0.2;

/** How many functions have a colour of their own. */
const COLOURS = 6;

/** What of the last half minute is shown. */
interface Window {
  /** How long it is. */
  length: number;
  /** Its end; `undefined`: now, which moves on. */
  end: number | undefined;
}

interface Frozen {
  rows: Row[];
  clock: number;
}

interface Hover {
  bar: Bar;
  x: number;
  y: number;
}

/** The tasks of the last half minute, a row for each process. */
export function Timeline({ pool, history, clock }: { pool: PoolSnapshot; history: PoolHistory; clock: number }) {
  const [view, setView] = useState<Window>({ length: TIMELINE, end: undefined });
  const [hover, setHover] = useState<Hover>();
  const frozen = useRef<Frozen>(undefined);
  const canvas = useRef<HTMLCanvasElement>(null);
  // A view of the past keeps what it shows.
  const isLive = view.end === undefined;
  if (isLive || frozen.current === undefined) frozen.current = { rows: layOut(history.spans, pool, clock), clock };
  const { rows, clock: newest } = frozen.current;
  const end = view.end ?? newest;
  const begin = end - view.length;
  const names = nameColours(rows);

  const zoom = (factor: number, at = 0.5) => {
    const length = Math.min(TIMELINE, Math.max(MIN_WINDOW, view.length / factor));
    const center = begin + view.length * at;
    setView(clamp({ length, end: center + length * (1 - at) }, newest));
  };
  const move = (part: number) => setView(clamp({ length: view.length, end: end + view.length * part }, newest));
  const reset = () => setView({ length: TIMELINE, end: undefined });
  const toggle = () => setView({ length: view.length, end: isLive ? newest : undefined });

  const keys = new Map<string, () => void>([
    ['+', () => zoom(ZOOM)],
    ['=', () => zoom(ZOOM)],
    ['-', () => zoom(1 / ZOOM)],
    ['ArrowLeft', () => move(-STEP)],
    ['ArrowRight', () => move(STEP)],
    ['Home', () => setView(clamp({ length: view.length, end: newest - TIMELINE + view.length }, newest))],
    ['End', () => setView({ length: view.length, end: undefined })],
    ['0', reset],
  ]);
  const onKeyDown = (event: KeyboardEvent) => {
    const act = keys.get(event.key);
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };

  useEffect(() => {
    const draw = () => canvas.current && paint(canvas.current, rows, begin, end, newest, names);
    draw();
    addEventListener('theme', draw);
    addEventListener('resize', draw);
    return () => {
      removeEventListener('theme', draw);
      removeEventListener('resize', draw);
    };
  });
  useDragAndWheel(canvas, zoom, move);

  const findBar = (event: PointerEvent) => {
    const { left, top, width } = (event.currentTarget as HTMLCanvasElement).getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    const bar = barAt(rows, begin + ((x - LEFT) / (width - LEFT)) * view.length, y, (view.length / width) * 2);
    setHover(bar && { bar, x: Math.min(x, width - 190), y });
  };

  return (
    <section class="panel timeline">
      <div class="panel-head">
        <h3>Timeline</h3>
        <span class="muted number">
          {formatTime(view.length)} {isLive ? 'until now' : `until ${formatTime(Math.max(0, newest - end))} before`}
        </span>
        <div class="actions">
          <button type="button" class="small" onClick={() => zoom(ZOOM)} aria-label="Zoom in">
            +
          </button>
          <button type="button" class="small" onClick={() => zoom(1 / ZOOM)} aria-label="Zoom out">
            −
          </button>
          <button type="button" class="small" onClick={reset}>
            Reset
          </button>
          <button type="button" class="small" onClick={toggle} aria-pressed={!isLive}>
            {isLive ? 'Freeze' : 'Go live'}
          </button>
          <button type="button" class="small" onClick={() => store.saveTrace(pool.id, pool.name)} title="For Perfetto">
            Download trace
          </button>
        </div>
      </div>
      <div
        class="canvas"
        tabIndex={0}
        role="group"
        aria-label="Timeline of the tasks of each process. Keys: + and − zoom, arrows move, 0 resets."
        onKeyDown={onKeyDown}
      >
        <canvas
          ref={canvas}
          aria-hidden="true"
          style={{ height: `${rows.length * (ROW + GAP) + AXIS}px` }}
          onPointerMove={findBar}
          onPointerLeave={() => setHover(undefined)}
        />
        {hover && <Tooltip hover={hover} />}
      </div>
      <ul class="legend">
        {[...names].map(([name, index]) => (
          <li key={name}>
            <span class={`key task-${index}`} aria-hidden="true" />
            {name}
          </li>
        ))}
        <li>
          <span class="key failed" aria-hidden="true" />
          failed or retried
        </li>
      </ul>
      <Summary rows={rows} begin={begin} end={end} />
    </section>
  );
}

function Tooltip({ hover: { bar, x, y } }: { hover: Hover }) {
  return (
    <div class="tooltip" style={{ left: `${x}px`, top: `${y + 14}px` }}>
      <b>{bar.task}</b>
      <span>
        task {bar.id}
        {bar.attempt > 1 && `, attempt ${bar.attempt}`}
      </span>
      <span>
        {bar.outcome}, {formatTime(bar.end - bar.start)}
      </span>
    </div>
  );
}

/** The same for those who do not see it. */
function Summary({ rows, begin, end }: { rows: readonly Row[]; begin: number; end: number }) {
  return (
    <table class="hidden">
      <caption>Timeline in numbers</caption>
      <thead>
        <tr>
          <th scope="col">Process</th>
          <th scope="col">Tasks</th>
          <th scope="col">Busy</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.place}>
            <th scope="row">{row.place}</th>
            <td>{row.bars.filter((bar) => bar.end >= begin && bar.start <= end).length}</td>
            <td>{formatPercent(shareOf(row, begin, end))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Dragging moves the view; the wheel zooms while Ctrl or ⌘ is pressed, as in maps. */
function useDragAndWheel(
  canvas: { current: HTMLCanvasElement | null },
  zoom: (factor: number, at: number) => void,
  move: (part: number) => void,
): void {
  const latest = useRef({ zoom, move });
  latest.current = { zoom, move };
  // biome-ignore lint/correctness/useExhaustiveDependencies: there is one canvas as long as the timeline is shown
  useEffect(() => {
    const element = canvas.current as HTMLCanvasElement;
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const { left, width } = element.getBoundingClientRect();
      latest.current.zoom(event.deltaY < 0 ? ZOOM : 1 / ZOOM, (event.clientX - left - LEFT) / (width - LEFT));
    };
    const onMove = (event: PointerEvent) => {
      if (event.buttons === 1 && event.movementX !== 0) latest.current.move(-event.movementX / element.clientWidth);
    };
    element.addEventListener('wheel', onWheel, { passive: false });
    element.addEventListener('pointermove', onMove);
    return () => {
      element.removeEventListener('wheel', onWheel);
      element.removeEventListener('pointermove', onMove);
    };
  }, []);
}

/** Keeps a window inside of what is known; one that ends now moves on. */
function clamp({ length, end = 0 }: Window, newest: number): Window {
  return { length, end: end >= newest ? undefined : Math.max(end, newest - TIMELINE + length) };
}

/** The functions with the most tasks get a colour each, in the order of their names; the others share the last. */
function nameColours(rows: readonly Row[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { bars } of rows) for (const { task } of bars) counts.set(task, (counts.get(task) ?? 0) + 1);
  const most = [...counts].sort(([, one], [, other]) => other - one).slice(0, COLOURS);
  return new Map(
    most
      .map(([name]) => name)
      .sort()
      .map((name, index) => [name, index]),
  );
}

function barAt(rows: readonly Row[], time: number, y: number, tolerance: number): Bar | undefined {
  const row = rows[Math.floor(y / (ROW + GAP))];
  if (row === undefined) return undefined;
  const lane = Math.floor(((y % (ROW + GAP)) / ROW) * row.lanes);
  return row.bars.findLast((bar) => bar.lane === lane && bar.start - tolerance <= time && time <= bar.end + tolerance);
}

function paint(
  canvas: HTMLCanvasElement,
  rows: readonly Row[],
  begin: number,
  end: number,
  newest: number,
  names: ReadonlyMap<string, number>,
): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = canvas.getContext('2d') as CanvasRenderingContext2D;
  context.scale(ratio, ratio);
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  const toX = (time: number) => LEFT + ((time - begin) / (end - begin)) * (width - LEFT);
  const colours = Array.from({ length: COLOURS }, (_, index) => colour(`task-${index}`));
  const [muted, grid, lane, failed] = [colour('muted'), colour('grid'), colour('lane'), colour('failed')];
  const [other, onTask] = [colour('other'), colour('on-task')];
  paintAxis(context, width, height, begin, end, newest, toX, grid, muted);
  rows.forEach((row, at) => {
    const top = at * (ROW + GAP);
    context.fillStyle = lane;
    context.fillRect(LEFT, top, width - LEFT, ROW);
    context.fillStyle = muted;
    context.textAlign = 'right';
    context.fillText(String(row.place), LEFT - 10, top + ROW / 2);
    const size = ROW / row.lanes;
    for (const bar of row.bars) {
      if (bar.end < begin || bar.start > end) continue;
      const x = Math.max(LEFT, toX(bar.start));
      const length = Math.max(1, Math.min(width, toX(bar.end)) - x - 0.5);
      const y = top + bar.lane * size;
      const hasFailed = bar.outcome === 'failed' || bar.outcome === 'retried';
      context.globalAlpha = bar.outcome === 'running' ? 0.55 : bar.outcome === 'cancelled' ? 0.3 : 1;
      context.fillStyle = hasFailed ? failed : (colours[names.get(bar.task) ?? -1] ?? other);
      context.fillRect(x, y + 0.5, length, Math.max(1.5, size - 1));
      context.globalAlpha = 1;
      context.fillStyle = onTask;
      paintLabel(context, bar, x, y + size / 2, length, size);
    }
  });
}

/** The name of a task, where it has room. */
function paintLabel(
  context: CanvasRenderingContext2D,
  bar: Bar,
  x: number,
  y: number,
  length: number,
  size: number,
): void {
  if (size < 14 || length < 40) return;
  const text = `${bar.task} ${formatTime(bar.end - bar.start)}`;
  if (context.measureText(text).width > length - 8) return;
  context.textAlign = 'left';
  context.fillText(text, x + 4, y);
}

function paintAxis(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  begin: number,
  end: number,
  newest: number,
  toX: (time: number) => number,
  grid: string,
  muted: string,
): void {
  const target = (end - begin) / Math.max(2, Math.floor(width / 110));
  const power = 10 ** Math.floor(Math.log10(target));
  const step = ([1, 2, 5, 10].find((each) => each * power >= target) ?? 10) * power;
  context.textAlign = 'center';
  for (let ago = Math.ceil((newest - end) / step) * step; ago <= newest - begin; ago += step) {
    const x = toX(newest - ago);
    if (x < LEFT + 14) break;
    context.fillStyle = grid;
    context.fillRect(Math.round(x), 0, 1, height - AXIS);
    context.fillStyle = muted;
    if (x < width - 16) context.fillText(ago === 0 ? 'now' : `−${formatTime(ago)}`, x, height - AXIS / 2);
  }
}
