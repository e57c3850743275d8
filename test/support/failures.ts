/** Failures as data: test/reliability/failures.test.ts tests each one, and docs/reliability.md shows them as tables. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Pool, type PoolOptions, Scheduler, tasksFrom } from 'aiomultiprocess';
import {
  closePipe,
  exit,
  killSelf,
  returnFunction,
  runForever,
  strayException,
  strayRejection,
  throwFrozen,
  throwUnsendable,
  throwValue,
  writeGarbage,
} from '../fixtures/pool/failing.js';
import { failingHandler, rejectingHandler } from '../fixtures/pool/log.js';
import { double, identity, pid, pidAfter } from '../fixtures/pool/tasks.js';
import {
  abort,
  announceFrame,
  answerAnother,
  answerBigInteger,
  beginAgain,
  beginAnother,
  closeStreams,
  count,
  countAndDie,
  countAndFail,
  dieInFrame,
  dieUnheard,
  exitingHandler,
  exitSoon,
  exitWhenAborted,
  exitWith,
  failToInitialize,
  fillHeap,
  hang,
  loadAnother,
  neverSettle,
  recurse,
  returnBytes,
  returnNested,
  returnProxy,
  returnSymbolLast,
  returnThrowingThenable,
  sendAsParent,
  spinForever,
  stop,
  throwBareObject,
  throwGetters,
  throwItself,
  throwProxy,
  yieldSymbol,
} from '../fixtures/reliability/failing.js';
import { root, run } from './run.ts';

/** What the caller gets: a value, or an error given by its class, its properties and the class of its cause. */
export type Outcome =
  | { value: unknown }
  | { error: string; with?: Record<string, unknown>; says?: string; cause?: string };

export interface Failure {
  /** The title of the test and of the row. */
  what: string;
  /** In addition to `processes: 2`. */
  options?: PoolOptions;
  /** Causes the failure. Its outcome is compared with `gets`. */
  run(pool: Pool): PromiseLike<unknown>;
  gets: Outcome;
  /** The measured time in milliseconds, rounded, on an otherwise idle machine with two cores. */
  took: number;
  /** Start while the processes are still starting. Default: wait until they are ready. */
  cold?: true;
  /** The error of the next call. Default: it succeeds. */
  afterwards?: string;
}

/** A group of rows under a heading. */
export type Group = [heading: string, failures: Failure[]];

interface Work {
  work(): Promise<void>;
}

const modules = new URL('../fixtures/reliability/modules/', import.meta.url);
const moduleOf = (name: string) => tasksFrom<Work>(new URL(name, modules));

class NoScheduler extends Scheduler {
  registerQueue(): number {
    return 0;
  }
  registerProcess(): void {}
  scheduleTask(): number {
    throw new RangeError('no queue today');
  }
  completeTask(): void {}
}

const died = (fields: { exitCode: number } | { signal: NodeJS.Signals }): Outcome => ({
  error: 'ProcessExitError',
  with: { exitCode: null, signal: null, ...fields, mayHaveStarted: true },
});

/** The values of promises, or the names of the errors that they reject with. */
async function outcomesOf(...promises: PromiseLike<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as Error).name));
}

/** The items of a stream, followed by the name of its error if it fails. */
async function collect(stream: AsyncIterable<unknown>, onItem = (_item: unknown): unknown => undefined) {
  const items: unknown[] = [];
  try {
    for await (const item of stream) {
      items.push(item);
      onItem(item);
    }
  } catch (error) {
    items.push((error as Error).name);
  }
  return items;
}

function abortAfter(time: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), time);
  return controller.signal;
}

/** Ends the pool by `end` while it has work of every kind: running, waiting, in a map and pinned to processes. */
async function endWithWork(pool: Pool, end: () => PromiseLike<unknown> | undefined): Promise<unknown[]> {
  await pool.ready();
  const long = pool.map(pidAfter, Array(40).fill(30));
  const work = [long.then(({ length }) => length), pool.map(double, [1, 2].values()), pool.broadcast(double, [4])];
  const ended = end();
  const outcomes = await outcomesOf(...work);
  await ended;
  await pool.join();
  return outcomes;
}

function measureDepth(value: unknown): number {
  let depth = 0;
  for (let inner = value; Array.isArray(inner); [inner] = inner) depth++;
  return depth;
}

const gone = 'PoolTerminatedError';

export const failures: Group[] = [
  [
    'The process of a task dies',
    [
      {
        what: 'the task kills its process with SIGKILL, as the kernel does when memory is short',
        run: (pool) => pool.apply(killSelf, ['SIGKILL']),
        gets: died({ signal: 'SIGKILL' }),
        took: 20,
      },
      {
        what: 'SIGSEGV, as from a bug in a native module',
        run: (pool) => pool.apply(killSelf, ['SIGSEGV']),
        gets: died({ signal: 'SIGSEGV' }),
        took: 15,
      },
      {
        what: 'SIGUSR2',
        run: (pool) => pool.apply(killSelf, ['SIGUSR2']),
        gets: died({ signal: 'SIGUSR2' }),
        took: 15,
      },
      { what: '`process.exit(0)`', run: (pool) => pool.apply(exit, [0]), gets: died({ exitCode: 0 }), took: 15 },
      { what: '`process.exit(1)`', run: (pool) => pool.apply(exit, [1]), gets: died({ exitCode: 1 }), took: 15 },
      { what: '`process.abort()`', run: (pool) => pool.apply(abort), gets: died({ signal: 'SIGABRT' }), took: 20 },
      {
        what: 'an exception outside a task',
        run: (pool) => pool.apply(strayException),
        gets: { ...died({ exitCode: 1 }), cause: 'RangeError' } as Outcome,
        took: 20,
      },
      {
        what: 'an unhandled rejection',
        run: (pool) => pool.apply(strayRejection),
        gets: { ...died({ exitCode: 1 }), cause: 'RangeError' } as Outcome,
        took: 25,
      },
      {
        what: 'an exception in a process whose task has removed all exception listeners',
        run: (pool) => pool.apply(dieUnheard),
        gets: died({ exitCode: 1 }),
        took: 15,
      },
      {
        what: 'the heap is full, with `--max-old-space-size=24`',
        options: { execArgv: ['--max-old-space-size=24'] },
        run: (pool) => pool.apply(fillHeap),
        gets: died({ signal: 'SIGABRT' }),
        took: 120,
      },
      {
        what: 'a task that ends its process in every attempt, with `retries: 2`',
        run: (pool) => pool.apply(exit, [4], { retries: 2 }),
        gets: { error: 'PoisonousTaskError', with: { exitCode: 4, mayHaveStarted: true }, cause: 'ProcessExitError' },
        took: 170,
      },
      {
        what: 'an idle process is killed',
        async run(pool) {
          const [victim] = await pool.broadcast(pid);
          process.kill(victim as number, 'SIGKILL');
          while (pool.stats().processes.some((each) => each.pid === victim))
            await pool.apply(double, [1], { retries: 9 });
          return pool.apply(double, [21]);
        },
        gets: { value: 42 },
        took: 60,
      },
      {
        what: 'processes are killed while they start',
        cold: true,
        run(pool) {
          const result = pool.apply(double, [21]);
          for (const each of pool.stats().processes) process.kill(each.pid as number, 'SIGKILL');
          return result;
        },
        gets: { value: 42 },
        took: 170,
      },
      {
        what: 'the only process is killed ten times in a row while it starts',
        options: { processes: 1 },
        cold: true,
        async run(pool) {
          let killed = 0;
          pool.on('processStarted', ({ pid }) => {
            if (killed < 10 && pid !== undefined && process.kill(pid, 'SIGKILL')) killed++;
          });
          const result = await pool.apply(double, [21]);
          return killed === 10 ? result : `killed ${killed} times`;
        },
        gets: { value: 42 },
        took: 900,
      },
    ],
  ],
  [
    'A task throws',
    [
      {
        what: 'the stack overflows',
        run: (pool) => pool.apply(recurse),
        gets: { error: 'RangeError', says: 'Maximum call stack size exceeded' },
        took: 7,
      },
      {
        what: '`throw undefined`',
        run: (pool) => pool.apply(throwValue, [undefined]),
        gets: { error: 'undefined' },
        took: 2,
      },
      { what: "`throw 'text'`", run: (pool) => pool.apply(throwValue, ['text']), gets: { error: "'text'" }, took: 1 },
      {
        what: 'a frozen error',
        run: (pool) => pool.apply(throwFrozen),
        gets: { error: 'TypeError', says: 'frozen' },
        took: 3,
      },
      {
        what: 'an object without a prototype',
        run: (pool) => pool.apply(throwBareObject),
        gets: { error: '{ code: 7 }' },
        took: 2,
      },
      {
        what: 'an error that is its own cause',
        run: (pool) => pool.apply(throwItself),
        gets: { error: 'RangeError', says: 'its own cause', cause: 'RangeError' },
        took: 2,
      },
      {
        what: 'a proxy whose traps throw',
        run: (pool) => pool.apply(throwProxy),
        gets: { error: 'SerializationError', with: { path: 'error' } },
        took: 2,
      },
      {
        what: 'an error with throwing getters',
        run: (pool) => pool.apply(throwGetters),
        gets: { error: 'TypeError', says: '[its getter throws]', with: { code: '[its getter throws]' } },
        took: 4,
      },
      {
        what: 'an error with a function as a property',
        run: (pool) => pool.apply(throwUnsendable),
        gets: { error: 'RangeError', says: 'with a function' },
        took: 2,
      },
      {
        what: 'a thenable whose `then` throws',
        run: (pool) => pool.apply(returnThrowingThenable),
        gets: { error: 'RangeError', says: 'no then' },
        took: 2,
      },
      {
        what: 'an exported `exceptionHandler` that throws',
        options: { exceptionHandler: failingHandler },
        run: (pool) => pool.apply(throwFrozen),
        gets: { error: 'TypeError', says: 'frozen' },
        took: 7,
      },
      {
        what: 'an exported `exceptionHandler` that rejects',
        options: { exceptionHandler: rejectingHandler },
        run: (pool) => pool.apply(throwFrozen),
        gets: { error: 'TypeError', says: 'frozen' },
        took: 6,
      },
      {
        what: 'a closure as `exceptionHandler` that throws',
        options: {
          exceptionHandler: () => {
            throw new Error('the closure failed');
          },
        },
        run: (pool) => pool.apply(throwFrozen),
        gets: { error: 'TypeError', says: 'frozen' },
        took: 10,
      },
      {
        what: 'an `exceptionHandler` that ends the process',
        options: { exceptionHandler: exitingHandler },
        run: (pool) => pool.apply(throwFrozen),
        gets: died({ exitCode: 5 }),
        took: 15,
      },
    ],
  ],
  [
    'A value cannot be sent',
    [
      {
        what: 'a function in an argument',
        run: (pool) => pool.apply(identity, [{ user: { callback: () => {} } }]),
        gets: { error: 'SerializationError', with: { path: 'args[0].user.callback' } },
        took: 3,
      },
      {
        what: 'an argument with a throwing getter',
        run: (pool) =>
          pool.apply(identity, [
            {
              get user() {
                throw new RangeError('no user');
              },
            },
          ]),
        gets: { error: 'SerializationError', with: { path: 'args[0].user' }, cause: 'RangeError' },
        took: 1,
      },
      {
        what: 'a function in a result',
        run: (pool) => pool.apply(returnFunction),
        gets: { error: 'SerializationError', with: { path: 'result.user.callback' } },
        took: 5,
      },
      {
        what: 'a symbol after a thousand valid rows of a result',
        run: (pool) => pool.apply(returnSymbolLast),
        gets: { error: 'SerializationError', with: { path: 'result.last.tag' } },
        took: 5,
      },
      {
        what: 'a result that is a proxy whose traps throw',
        run: (pool) => pool.apply(returnProxy),
        gets: { error: 'RangeError', says: 'a trap of the proxy' },
        took: 3,
      },
      {
        what: 'a result of 100,000 nested arrays, which can be sent',
        run: (pool) => pool.apply(returnNested, [100_000]).then(measureDepth),
        gets: { value: 100_000 },
        took: 380,
      },
      {
        what: 'a result of 600 MiB, which can be sent',
        options: { processes: 1 },
        run: (pool) => pool.apply(returnBytes, [600 * 2 ** 20]).then((bytes) => bytes.length),
        gets: { value: 629_145_600 },
        took: 3000,
      },
      {
        what: 'a result of 2 GiB, which exceeds the limit of a frame',
        options: { processes: 1 },
        run: (pool) => pool.apply(returnBytes, [2 ** 31]),
        gets: { error: 'SerializationError' },
        took: 60,
      },
    ],
  ],
  [
    'A function cannot be found or loaded',
    [
      {
        what: 'its module is missing',
        run: (pool) => pool.apply(moduleOf('missing.js').work),
        gets: { error: 'TaskNotFoundError', says: 'missing.js', cause: 'Error' },
        took: 4,
      },
      {
        what: 'its module has a syntax error',
        run: (pool) => pool.apply(moduleOf('../../broken/syntax.mjs').work),
        gets: { error: 'TaskNotFoundError', says: 'syntax.mjs', cause: 'SyntaxError' },
        took: 3,
      },
      {
        what: 'its module throws during the import',
        run: (pool) => pool.apply(moduleOf('throwing.js').work),
        gets: { error: 'TaskNotFoundError', says: 'throwing.js', cause: 'RangeError' },
        took: 3,
      },
      {
        what: 'its module ends the process during the import',
        run: (pool) => pool.apply(moduleOf('exiting.js').work),
        gets: died({ exitCode: 6 }),
        took: 70,
      },
      {
        what: 'the import of its module never ends, with `startTimeout: 3000`',
        options: { startTimeout: 3000 },
        run: (pool) => pool.apply(moduleOf('hanging.js').work),
        gets: { error: 'TaskTimeoutError', with: { timeout: 3000 }, says: 'hanging.js' },
        took: 3000,
      },
      {
        what: 'the import of its module is a busy loop, with `startTimeout: 3000`',
        options: { startTimeout: 3000, cancelGracePeriod: 50 },
        run: (pool) => pool.apply(moduleOf('busy.js').work, [], { timeout: 100 }),
        gets: { error: 'TaskTimeoutError', with: { timeout: 3000 }, says: 'busy.js' },
        took: 3000,
      },
      {
        what: 'its module does not export it',
        run: (pool) => pool.apply(moduleOf('without.js').work),
        gets: { error: 'TaskNotFoundError', says: 'without.js' },
        took: 4,
      },
      {
        what: 'a function that no module exports',
        run: (pool) => pool.apply(async () => pool.stats()),
        gets: { error: 'TaskNotFoundError' },
        took: 2,
      },
    ],
  ],
  [
    'No process becomes ready',
    [
      {
        what: 'the initializer throws',
        options: { initializer: failToInitialize },
        run: (pool) => pool.apply(double, [21]),
        gets: { error: 'InitializerError', cause: 'RangeError' },
        took: 670,
        cold: true,
        afterwards: 'InitializerError',
      },
      {
        what: 'the initializer calls `process.exit()`',
        options: { initializer: exitWith, initargs: [3] },
        run: (pool) => pool.apply(double, [21]),
        gets: { error: 'InitializerError', cause: 'Error' },
        took: 540,
        cold: true,
        afterwards: 'InitializerError',
      },
      {
        what: 'the process ends while the initializer waits',
        options: { initializer: exitSoon },
        run: (pool) => pool.ready(),
        gets: { error: 'InitializerError', cause: 'Error' },
        took: 680,
        cold: true,
        afterwards: 'InitializerError',
      },
      {
        what: 'the initializer calls `process.abort()`',
        options: { initializer: abort },
        run: (pool) => pool.apply(double, [21]),
        gets: { error: 'InitializerError', says: '3 attempts', cause: 'Error' },
        took: 900,
        cold: true,
        afterwards: 'InitializerError',
      },
      {
        what: 'the initializer ends its process with SIGSEGV',
        options: { initializer: killSelf, initargs: ['SIGSEGV'] },
        run: (pool) => pool.apply(double, [21]),
        gets: { error: 'InitializerError', says: '3 attempts', cause: 'Error' },
        took: 700,
        cold: true,
        afterwards: 'InitializerError',
      },
      {
        what: 'the initializer fills the heap',
        options: { initializer: fillHeap, execArgv: ['--max-old-space-size=24'], processes: 1 },
        run: (pool) => pool.apply(double, [21]),
        gets: { error: 'InitializerError', says: '3 attempts', cause: 'Error' },
        took: 1500,
        cold: true,
        afterwards: 'InitializerError',
      },
      {
        what: 'the initializer never ends, with `startTimeout: 1000`',
        options: { initializer: hang, startTimeout: 1000 },
        run: (pool) => pool.apply(double, [21]),
        gets: { error: 'InitializerError', says: '1000 ms', cause: 'TimeoutError' },
        took: 1000,
        cold: true,
        afterwards: 'InitializerError',
      },
      {
        what: 'the initializer is in a busy loop, with `startTimeout: 1000`',
        options: { initializer: spinForever, startTimeout: 1000 },
        run: (pool) => pool.apply(double, [21]),
        gets: { error: 'InitializerError', says: '1000 ms', cause: 'TimeoutError' },
        took: 1000,
        cold: true,
        afterwards: 'InitializerError',
      },
      {
        what: 'the initializer never ends: `ready()` and a call, when `terminate()` is called after 300 ms',
        options: { initializer: hang },
        cold: true,
        run(pool) {
          setTimeout(() => pool.terminate(), 300);
          return outcomesOf(pool.ready(), pool.apply(double, [21]), pool.broadcast(pid));
        },
        gets: { value: [gone, gone, gone] },
        took: 310,
        afterwards: 'PoolClosedError',
      },
      {
        what: 'a signal always kills the initializer: it is retried until `terminate()` is called after 300 ms',
        options: { initializer: killSelf, initargs: ['SIGKILL'] },
        cold: true,
        run(pool) {
          setTimeout(() => pool.terminate(), 300);
          return outcomesOf(pool.ready(), pool.apply(double, [21]), pool.broadcast(pid));
        },
        gets: { value: [gone, gone, gone] },
        took: 300,
        afterwards: 'PoolClosedError',
      },
      {
        what: 'the module of the initializer throws',
        options: { initializer: moduleOf('throwing.js').work },
        run: (pool) => pool.apply(double, [21]),
        gets: { error: 'InitializerError', cause: 'TaskNotFoundError' },
        took: 700,
        cold: true,
        afterwards: 'InitializerError',
      },
      {
        what: 'an unknown option of Node.js',
        options: { execArgv: ['--no-such-option'] },
        run: (pool) => pool.apply(double, [21]),
        gets: { error: 'InitializerError', cause: 'Error' },
        took: 360,
        cold: true,
        afterwards: 'InitializerError',
      },
      {
        what: 'the folder `cwd` does not exist',
        options: { cwd: '/no/such/folder' },
        run: (pool) => pool.apply(double, [21]),
        gets: { error: 'InitializerError', cause: 'Error' },
        took: 330,
        cold: true,
        afterwards: 'InitializerError',
      },
      {
        what: 'no file descriptors are left: one call before, two during and one after the shortage',
        run: async () => {
          const program = 'test/fixtures/reliability/programs/no-descriptors.mjs';
          const { stdout, stderr } = await run('sh', ['-c', `ulimit -n 256; exec "$0" ${program}`, process.execPath], {
            cwd: root,
          });
          return stdout === '' ? stderr : JSON.parse(stdout);
        },
        gets: { value: [42, 'InitializerError EMFILE', 'InitializerError EMFILE', 42] },
        took: 980,
      },
    ],
  ],
  [
    'The pipe to a process fails',
    [
      {
        what: 'the task closes descriptor 3',
        run: (pool) => pool.apply(closePipe),
        gets: died({ signal: 'SIGKILL' }),
        took: 2100,
      },
      {
        what: 'the task writes bytes that are not a frame',
        run: (pool) => pool.apply(writeGarbage),
        gets: { ...died({ signal: 'SIGKILL' }), cause: 'ProtocolError' } as Outcome,
        took: 40,
      },
      {
        what: 'the task answers for a task that was never sent',
        run: (pool) => pool.apply(answerAnother),
        gets: { ...died({ signal: 'SIGKILL' }), cause: 'ProtocolError' } as Outcome,
        took: 45,
      },
      {
        what: 'the task sends an answer whose id is not a number',
        run: (pool) => pool.apply(answerBigInteger),
        gets: { ...died({ signal: 'SIGKILL' }), cause: 'ProtocolError' } as Outcome,
        took: 45,
      },
      {
        what: 'the task reports the start of a task that was never sent',
        run: (pool) => pool.apply(beginAnother),
        gets: { ...died({ signal: 'SIGKILL' }), cause: 'ProtocolError' } as Outcome,
        took: 45,
      },
      {
        what: 'the task reports its start twice',
        run: (pool) => pool.apply(beginAgain, [], { timeout: 60_000 }),
        gets: { ...died({ signal: 'SIGKILL' }), cause: 'ProtocolError' } as Outcome,
        took: 45,
      },
      {
        what: 'the task reports the import of a function that was never sent',
        run: (pool) => pool.apply(loadAnother),
        gets: { ...died({ signal: 'SIGKILL' }), cause: 'ProtocolError' } as Outcome,
        took: 45,
      },
      {
        what: 'the task sends a message that only a parent may send',
        run: (pool) => pool.apply(sendAsParent),
        gets: { ...died({ signal: 'SIGKILL' }), cause: 'ProtocolError' } as Outcome,
        took: 50,
      },
      {
        what: 'the process exits in the middle of a frame',
        run: (pool) => pool.apply(dieInFrame),
        gets: died({ exitCode: 0 }),
        took: 40,
      },
      {
        what: 'a frame of 2 GB is announced but never sent, with `timeout: 200`',
        options: { cancelGracePeriod: 0 },
        run: (pool) => pool.apply(announceFrame, [0x7fffffff], { timeout: 200 }),
        gets: { error: 'TaskTimeoutError', with: { timeout: 200 } },
        took: 210,
      },
      {
        what: 'the task closes stdin, stdout and stderr, and prints',
        run: (pool) => pool.apply(closeStreams),
        gets: { value: 'fine' },
        took: 10,
      },
    ],
  ],
  [
    'A task does not end',
    [
      {
        what: 'a busy loop with `timeout: 200`',
        options: { cancelGracePeriod: 50 },
        run: (pool) => pool.apply(spinForever, [], { timeout: 200 }),
        gets: { error: 'TaskTimeoutError', with: { timeout: 200 } },
        took: 200,
      },
      {
        what: 'four consecutive tasks that end their process when cancelled, with `timeout: 300`',
        options: { processes: 1, childConcurrency: 1 },
        run: (pool) =>
          outcomesOf(...Array.from({ length: 4 }, () => pool.apply(exitWhenAborted, [], { timeout: 300 }))),
        gets: { value: Array(4).fill('TaskTimeoutError') },
        took: 1600,
      },
      {
        what: 'SIGSTOP, with `timeout: 200`',
        options: { cancelGracePeriod: 50 },
        run: (pool) => pool.apply(stop, [], { timeout: 200 }),
        gets: { error: 'TaskTimeoutError', with: { timeout: 200 } },
        took: 200,
      },
      {
        what: 'a task that waits forever, with `timeout: 200` and `retries: 1`',
        options: { cancelGracePeriod: 50 },
        run: (pool) => pool.apply(runForever, [], { timeout: 200, retries: 1 }),
        gets: { error: 'TaskTimeoutError', with: { timeout: 200 }, cause: 'TaskTimeoutError' },
        took: 470,
      },
      {
        what: 'a task that waits forever, when its signal aborts after 200 ms',
        options: { cancelGracePeriod: 50 },
        run: (pool) => pool.apply(runForever, [], { signal: abortAfter(200) }),
        gets: { error: 'AbortError' },
        took: 200,
      },
      {
        what: 'a thenable that never settles, when its signal aborts after 200 ms',
        options: { cancelGracePeriod: 50 },
        run: (pool) => pool.apply(neverSettle, [], { signal: abortAfter(200) }),
        gets: { error: 'AbortError' },
        took: 200,
      },
    ],
  ],
  [
    'A stream fails',
    [
      {
        what: 'the generator throws after two items',
        run: (pool) => collect(pool.stream(countAndFail, [2])),
        gets: { value: [1, 2, 'RangeError'] },
        took: 5,
      },
      {
        what: 'its process is killed after two items',
        run: (pool) => collect(pool.stream(countAndDie, [2])),
        gets: { value: [1, 2, 'ProcessExitError'] },
        took: 60,
      },
      {
        what: 'an item cannot be sent',
        run: (pool) => collect(pool.stream(yieldSymbol)),
        gets: { value: [1, 'SerializationError'] },
        took: 10,
      },
      {
        what: 'the pool is terminated after two items',
        run: (pool) => collect(pool.stream(count), (item) => item === 2 && pool.terminate()),
        gets: { value: [1, 2, 'PoolTerminatedError'] },
        took: 70,
        afterwards: 'PoolClosedError',
      },
    ],
  ],
  [
    'A call is refused',
    [
      {
        what: 'more calls than `maxQueueSize: 1`',
        options: { maxQueueSize: 1, childConcurrency: 1 },
        async run(pool) {
          await pool.ready();
          const outcomes = await outcomesOf(...Array.from({ length: 4 }, () => pool.apply(double, [21])));
          return outcomes.filter((each) => each !== 42);
        },
        gets: { value: ['QueueFullError'] },
        took: 70,
      },
      {
        what: 'a scheduler that throws',
        options: { scheduler: new NoScheduler() },
        run: (pool) => outcomesOf(pool.apply(double, [21]), pool.map(double, [1, 2])),
        gets: { value: ['RangeError', 'RangeError'] },
        took: 8,
        afterwards: 'RangeError',
      },
      {
        what: 'a source of items that throws',
        run: (pool) =>
          pool.map(
            double,
            (function* () {
              yield 1;
              throw new RangeError('no more items');
            })(),
          ),
        gets: { error: 'RangeError', says: 'no more items' },
        took: 1,
      },
      {
        what: '`join()` of an open pool',
        run: (pool) => pool.join(),
        gets: { error: 'InvalidStateError', says: 'pool is still open' },
        took: 0,
      },
      {
        what: 'a call after `close()`',
        run(pool) {
          pool.close();
          return pool.apply(double, [21]);
        },
        gets: { error: 'PoolClosedError', says: 'pool is closed' },
        took: 0,
        afterwards: 'PoolClosedError',
      },
    ],
  ],
  [
    'The pool ends with work pending: a map, a map over a generator, a broadcast',
    [
      {
        what: '`terminate()`, `join()`',
        run: (pool) => endWithWork(pool, () => void pool.terminate()),
        gets: { value: [gone, gone, gone] },
        took: 9,
        afterwards: 'PoolClosedError',
      },
      {
        what: '`close()`, `join()`',
        run: (pool) => endWithWork(pool, () => void pool.close()),
        gets: { value: [40, [2, 4], [8, 8]] },
        took: 170,
        afterwards: 'PoolClosedError',
      },
      {
        what: '`close()`, `join()`, `terminate()`',
        run: (pool) =>
          endWithWork(pool, () => {
            pool.close();
            const joined = pool.join();
            pool.terminate();
            return joined;
          }),
        gets: { value: [gone, gone, gone] },
        took: 60,
        afterwards: 'PoolClosedError',
      },
      {
        what: '`terminate()`, `close()`, `join()` twice',
        run: (pool) =>
          endWithWork(pool, () => {
            pool.terminate();
            pool.close();
            return Promise.all([pool.join(), pool.join()]);
          }),
        gets: { value: [gone, gone, gone] },
        took: 10,
        afterwards: 'PoolClosedError',
      },
      {
        what: '`close()`, then both processes are killed: the 32 running and 8 waiting tasks of a map',
        async run(pool) {
          const outcomes = pool.map(pidAfter, Array(40).fill(300)).settled();
          await sleep(100);
          pool.close();
          for (const each of pool.stats().processes) process.kill(each.pid as number, 'SIGKILL');
          await pool.join();
          const rejected = (await outcomes).filter(({ status }) => status === 'rejected');
          return [rejected.length, 40 - rejected.length];
        },
        gets: { value: [32, 8] },
        took: 720,
        afterwards: 'PoolClosedError',
      },
      {
        what: '`terminate()` and `join()` while one process is in a busy loop and another is suspended',
        async run(pool) {
          const outcomes = outcomesOf(pool.apply(spinForever), pool.apply(stop));
          await sleep(300);
          pool.terminate();
          await pool.join();
          return outcomes;
        },
        gets: { value: [gone, gone] },
        took: 1300,
        afterwards: 'PoolClosedError',
      },
    ],
  ],
];
