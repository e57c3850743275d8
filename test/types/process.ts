import { Process, type ProcessOptions, Worker } from 'aiomultiprocess';
import { expectType } from '../support/expect-type.ts';

declare function toText(value: number): Promise<string>;
declare function toTextNow(value: number): string;
declare function repeat(text: string, times?: number): Promise<string>;
declare function sum(...values: number[]): Promise<number>;
declare function identity<T>(value: T): Promise<T>;
declare function nothing(): void;
declare const one: readonly [1];
declare const texts: readonly ['a', 2];

export async function processes(process: Process): Promise<void> {
  expectType<void>().of(await process);
  expectType<Promise<void>>().of(process.join());
  expectType<Promise<void>>().of(process.join(1000));
  expectType<void>().of(process.start());
  expectType<void>().of(process.terminate());
  expectType<void>().of(process.kill());
  expectType<void>().of(process.close());
  expectType<boolean>().of(process.isAlive());
  expectType<string>().of(process.name);
  expectType<number | undefined>().of(process.pid);
  expectType<number | null>().of(process.exitcode);
  process.daemon = true;

  const named: Process = new Process({ target: toText, args: [1], name: 'text', daemon: true });
  await named;

  // @ts-expect-error: nothing to run
  new Process({});
  // @ts-expect-error: no options
  new Process();
  // @ts-expect-error: a name is no function
  new Process({ target: 'toText' });
  // @ts-expect-error: an option that does not exist
  new Process({ target: toText, argv: [1] });
  // @ts-expect-error: known only once the process has ended
  process.exitcode = 0;
}

export async function workers(): Promise<void> {
  const worker = new Worker({ target: toText, args: [1] });
  expectType<Worker<string>>().of(worker);
  expectType<string>().of(await worker);
  expectType<Promise<string>>().of(worker.join());
  expectType<string>().of(worker.result);
  expectType<Worker<string>>().of(new Worker({ target: toTextNow, args: [1] }));
  // @ts-expect-error: the result is not there to be set
  worker.result = 'text';
  // @ts-expect-error: nothing to run
  new Worker({});
}

// The arguments are as those of apply: they may be left out only if there are none.
export function targets(): Process[] {
  expectType<Worker<string, [text: string, times?: number]>>().of(new Worker({ target: repeat, args: ['a'] }));
  new Worker({ target: repeat, args: texts });
  expectType<Worker<string, [value: number]>>().of(new Worker({ target: toText, args: one }));
  expectType<Worker<number, number[]>>().of(new Worker({ target: sum }));
  expectType<Worker<number, number[]>>().of(new Worker({ target: sum, args: [1, 2, 3] as const }));
  expectType<Worker<string, [value: string]>>().of(new Worker({ target: identity<string>, args: ['a'] }));
  expectType<Worker<void, []>>().of(new Worker({ target: nothing }));
  new Worker({ target: nothing, args: [], name: 'nothing' });
  new Worker({ target: async (value: number) => value, args: [1] });
  const options: ProcessOptions<[value: number], string> = { target: toText, args: [1] };
  expectType<Worker<string, [value: number]>>().of(new Worker(options));
  // @ts-expect-error: the first argument is missing
  new Worker({ target: repeat });
  // @ts-expect-error: in an empty list, too
  new Worker({ target: repeat, args: [] });
  // @ts-expect-error: the argument of a process is missing
  new Process({ target: toText, name: 'text' });
  // @ts-expect-error: a wrong argument
  new Worker({ target: repeat, args: one });
  // @ts-expect-error: one argument is too many
  new Process({ target: nothing, args: [1] });
  return [new Process({ target: toText, args: one }), new Process({ target: nothing, daemon: true })];
}

/** Whoever hands a function on may leave it open what it takes. */
export function start<A extends unknown[], R>(target: (...args: A) => Promise<R>, args: A): Worker<R, A> {
  return new Worker({ target, args });
}
