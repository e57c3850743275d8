import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import type { Progress } from './progress.js';
import { formatRate } from './text.js';

const FORMAT = '{label} {bar} {value}/{total}{failures} | {rate}/s | ETA {eta_formatted}';
/** While nobody knows how many items there are. */
const OPEN_FORMAT = '{label} {value}{failures} | {rate}/s | {duration_formatted}';

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
    for (const [progress, bar] of this.#bars) if (bar.isActive) draw(progress, bar);
  }

  #end(progress: Progress): void {
    const bar = this.#bars.get(progress) as SingleBar;
    draw(progress, bar);
    bar.stop();
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
  const { done, failed, total, rate } = progress.read();
  if (total !== undefined) bar.setTotal(total);
  bar.update(done, { rate: formatRate(rate), failed, failures: failed > 0 ? `, ${failed} failed` : '' });
}
