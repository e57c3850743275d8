import { Process, Worker } from 'aiomultiprocess';
import { expectType } from './expect-type.ts';

declare function toText(value: number): Promise<string>;
declare function toTextNow(value: number): string;

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
