import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { formatRate, formatTimeLeft } from './format.js';
import type { Progress } from './progress.js';

const FORMAT = '{label} {bar} {value}/{total}{failures} | {rate}/s | {left}';
/** For a map whose total is unknown. */
const OPEN_FORMAT = '{label} {value}{failures} | {rate}/s | {duration_formatted}';

/** The number of finished bars that stay visible while others are active. */
const MAX_FINISHED = 10;

/** The rows of a terminal that process lines leave to bars and to the program. */
const OTHER_ROWS = 4;
const MIN_LINES = 2;

/** The bars on the terminal, if any. */
let bars: Bars | undefined;

/** Draws a bar for a map until it ends. Concurrent maps have their bars one below the other. */
export function showBar(progress: Progress): void {
  bars ??= new Bars(() => {
    bars = undefined;
  });
  bars.add(progress);
}

/** Bars that are drawn together. They do not keep the program alive longer than their maps do. */
class Bars {
  readonly #multi = new MultiBar(
    {
      stream: process.stderr,
      barsize: 24,
      etaBuffer: 50,
      // Without it, printed lines and bars that move up leave parts of an old bar behind.
      forceRedraw: true,
      // A killed program must leave the terminal unchanged: cli-progress cuts lines instead of disabling wrapping.
      linewrap: true,
      // The program handles Ctrl-C and SIGTERM, not the bar.
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  readonly #bars = new Map<Progress, SingleBar>();
  /** The lines of processes, as bars without a bar. They stand below the bars of the maps that were there before. */
  readonly #lines: SingleBar[] = [];
  readonly #stop = () => this.#multi.stop();
  readonly #onEnd: () => void;
  /** Bars of finished maps, the oldest first. */
  readonly #finished: SingleBar[] = [];
  #active = 0;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
    // The types lack this event, which precedes each redraw.
    (this.#multi as unknown as NodeJS.EventEmitter).on('update-pre', () => this.#update());
    process.once('exit', this.#stop);
  }

  add(progress: Progress): void {
    const { total } = progress.read();
    const bar = this.#multi.create(total ?? 0, 0, { label: progress.label }, { format: formatOf(progress, total) });
    this.#bars.set(progress, bar);
    this.#active++;
    void progress.ended.then(() => this.#end(progress));
  }

  #update(): void {
    for (const [progress, bar] of this.#bars) draw(progress, bar);
    this.#drawLines();
  }

  /** The lines of one map are enough: they show the processes of its pool, whatever these run. */
  #drawLines(): void {
    const shown = [...this.#bars.keys()].find(({ processes }) => processes !== undefined)?.processes;
    if (shown === undefined) return;
    // A terminal that does not know its size says 0.
    const max = Math.max((process.stderr.rows || 24) - this.#bars.size - this.#finished.length - OTHER_ROWS, MIN_LINES);
    const texts = shown.read(max, process.stderr.columns || 80);
    while (this.#lines.length < texts.length) {
      this.#lines.push(this.#multi.create(1, 0, { line: '' }, { format: '{line}' }));
    }
    for (const [at, line] of this.#lines.entries()) line.update({ line: texts[at] ?? '' });
  }

  /** The last map whose processes were shown has ended: only its bar stays. */
  #removeLines(): void {
    if ([...this.#bars.keys()].some(({ processes }) => processes !== undefined)) return;
    for (const line of this.#lines.splice(0)) {
      line.stop();
      this.#multi.remove(line);
    }
  }

  #end(progress: Progress): void {
    const bar = this.#bars.get(progress) as SingleBar;
    draw(progress, bar);
    bar.stop();
    this.#bars.delete(progress);
    this.#removeLines();
    this.#finished.push(bar);
    if (this.#finished.length > MAX_FINISHED) this.#multi.remove(this.#finished.shift() as SingleBar);
    if (--this.#active > 0) return;
    process.off('exit', this.#stop);
    this.#stop();
    this.#onEnd();
  }
}

function formatOf({ format }: Progress, total: number | undefined): string {
  return format ?? (total === undefined ? OPEN_FORMAT : FORMAT);
}

function draw(progress: Progress, bar: SingleBar): void {
  const counts = progress.read();
  const { done, failed, total, rate } = counts;
  if (total !== undefined) bar.setTotal(total);
  const failures = failed > 0 ? `, ${failed} failed` : '';
  bar.update(done, { rate: formatRate(rate), left: formatTimeLeft(counts) ?? '', failed, failures });
}
