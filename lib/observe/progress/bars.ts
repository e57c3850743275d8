import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { Progress } from './progress.js';
import { describeRest, formatRate } from './text.js';

const FORMAT = '{label} {bar} {value}/{total}{failures} | {rate}/s | {left}';
/** While nobody knows how many items there are. */
const OPEN_FORMAT = '{label} {value}{failures} | {rate}/s | {duration_formatted}';

/** How many bars of maps that are over stay, while others go on. */
const MAX_OVER = 10;

/** The bars on the terminal, while there is any. */
let bars: Bars | undefined;

/** Draws a bar for a map until it is over. Those of maps that run at the same time stand one below the other. */
export function show(progress: Progress): void {
  bars ??= new Bars(() => {
    bars = undefined;
  });
  bars.add(progress);
}

/** Some bars that are drawn together. The maps behind them keep the program alive, and nothing here does for longer. */
class Bars {
  readonly #multi = new MultiBar(
    {
      stream: process.stderr,
      barsize: 24,
      etaBuffer: 50,
      // Lines that the program prints, and bars that move up, must not leave an old bar behind.
      forceRedraw: true,
      // A program that is killed must leave the terminal as it was: lines are cut, not kept from wrapping.
      linewrap: true,
      // Neither Ctrl-C nor SIGTERM is for a bar to decide about.
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  readonly #bars = new Map<Progress, SingleBar>();
  readonly #stop = () => this.#multi.stop();
  readonly #onEnd: () => void;
  /** Those of maps that are over, the first one first. */
  readonly #over: SingleBar[] = [];
  #active = 0;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
    // Typed as if there were none: the bars are about to be drawn.
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
  }

  #end(progress: Progress): void {
    const bar = this.#bars.get(progress) as SingleBar;
    draw(progress, bar);
    bar.stop();
    this.#bars.delete(progress);
    this.#over.push(bar);
    if (this.#over.length > MAX_OVER) this.#multi.remove(this.#over.shift() as SingleBar);
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
  bar.update(done, { rate: formatRate(rate), left: describeRest(counts) ?? '', failed, failures });
}
