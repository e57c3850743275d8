import { InvalidStateError, Process, SerializationError, TimeoutError, Worker } from 'aiomultiprocess';
import { exit, killSelf, runForever, setExitCode, throwRangeError } from '../fixtures/pool/failing.js';
import { waitAt } from '../fixtures/pool/gate.js';
import { failToStart, ignoreSigterm, leaveTimer, writeLine, writePid } from '../fixtures/pool/log.js';
import { identity, pid } from '../fixtures/pool/tasks.js';
import { isRunning } from '../support/alive.ts';
import { linesOf, withFile } from '../support/folder.ts';
import { withGate } from '../support/gate.ts';

test('await starts a process and waits for its end', () =>
  withFile(async (file) => {
    const child = new Process({ target: writePid, args: [file] });
    expect([child.isAlive(), child.pid, child.exitcode]).toEqual([false, undefined, null]);
    expect(await child).toBeUndefined();
    expect(await linesOf(file)).toEqual([String(child.pid)]);
    expect([child.isAlive(), child.exitcode]).toEqual([false, 0]);
    expect(child.pid).not.toBe(process.pid);
  }));

test('a process can be awaited again', async () => {
  const child = new Process({ target: pid });
  await child;
  const first = child.pid;
  await child;
  await child.join();
  expect(child.pid).toBe(first);
});

test('join before start rejects', async () => {
  const child = new Process({ target: pid });
  await expect(child.join()).rejects.toThrow(new InvalidStateError('must start process before joining it'));
  await expect(child.join()).rejects.toBeInstanceOf(InvalidStateError);
});

test('a second start throws, also after the end', async () => {
  const child = new Process({ target: pid });
  child.start();
  expect(() => child.start()).toThrow(InvalidStateError);
  await child.join();
  expect(() => child.start()).toThrow(InvalidStateError);
});

test('start throws for an argument that cannot be sent, without starting a process', async () => {
  const child = new Process({ target: identity, args: [{ callback() {} }] });
  expect(() => child.start()).toThrow(SerializationError);
  expect([child.isAlive(), child.pid]).toEqual([false, undefined]);
  await expect(child.join()).rejects.toThrow(InvalidStateError);
});

test('await rejects for an argument that cannot be sent', async () => {
  const child = new Process({ target: identity, args: [{ callback() {} }] });
  await expect(child).rejects.toMatchObject({ name: 'SerializationError', path: 'args[0].callback' });
});

test('join with a timeout rejects, and the process can be joined again', () =>
  withGate(async (gate) => {
    const child = new Process({ target: waitAt, args: [gate.port] });
    child.start();
    await expect(child.join(1)).rejects.toBeInstanceOf(TimeoutError);
    expect(child.isAlive()).toBe(true);
    gate.open();
    await child.join(20_000);
    expect(child.exitcode).toBe(0);
  }));

test.each([Number.POSITIVE_INFINITY, 2 ** 31])('join with a timeout of %d waits for the end', (timeout) =>
  withGate(async (gate) => {
    const child = new Process({ target: waitAt, args: [gate.port] });
    child.start();
    const joined = child.join(timeout);
    await gate.arrived(1);
    gate.open();
    expect(await joined).toBeUndefined();
  }),
);

test.each([Number.NaN, -1, '5', null])('a timeout of %p is refused', async (timeout) => {
  const child = new Process({ target: pid });
  child.start();
  await expect(child.join(timeout as number)).rejects.toThrow(
    /^join: expected a timeout of at least 0 milliseconds, got /,
  );
  await child.join();
});

test.each([
  ['terminate', -15],
  ['kill', -9],
] as const)('%s leaves the exit code %d', (method, exitcode) =>
  withGate(async (gate) => {
    const child = new Process({ target: waitAt, args: [gate.port] });
    child.start();
    await gate.arrived(1);
    expect([child.isAlive(), child.exitcode]).toEqual([true, null]);
    child[method]();
    await child.join();
    expect([child.isAlive(), child.exitcode]).toEqual([false, exitcode]);
    expect(isRunning(child.pid as number)).toBe(false);
  }),
);

test('terminate kills a process that ignores SIGTERM after a delay', () =>
  withGate(async (gate) => {
    const child = new Process({ target: ignoreSigterm, args: [gate.port] });
    child.start();
    await gate.arrived(1);
    child.terminate();
    await child.join();
    expect(child.exitcode).toBe(-9);
  }));

test('terminate and kill have no effect before start and after the end', async () => {
  const child = new Process({ target: pid });
  child.terminate();
  child.kill();
  await child;
  child.terminate();
  child.kill();
  expect(child.exitcode).toBe(0);
});

test('close throws while the process runs', () =>
  withGate(async (gate) => {
    const child = new Process({ target: waitAt, args: [gate.port] });
    child.start();
    expect(() => child.close()).toThrow(InvalidStateError);
    gate.open();
    await child.join();
    child.close();
  }));

test('after close isAlive, pid and exitcode throw', async () => {
  const child = new Process({ target: pid });
  await child;
  child.close();
  expect(() => child.exitcode).toThrow(InvalidStateError);
  expect(() => child.pid).toThrow(InvalidStateError);
  expect(() => child.isAlive()).toThrow(InvalidStateError);
});

test('a process that was closed before it was started cannot be started', async () => {
  const child = new Process({ target: pid });
  child.close();
  expect(() => child.start()).toThrow(InvalidStateError);
  await expect(child).rejects.toThrow(`${child.name} is closed`);
});

test('daemon can be set until start', async () => {
  const child = new Process({ target: pid });
  expect(child.daemon).toBe(false);
  child.daemon = true;
  expect(child.daemon).toBe(true);
  child.start();
  expect(() => {
    child.daemon = false;
  }).toThrow(InvalidStateError);
  await child.join();
  expect(new Process({ target: pid, daemon: true }).daemon).toBe(true);
});

test('a daemon can be joined', () =>
  withFile(async (file) => {
    await new Process({ target: writeLine, args: [file, 'written'], daemon: true });
    expect(await linesOf(file)).toEqual(['written']);
  }));

test('a target that throws results in exit code 1, and join resolves', async () => {
  const child = new Process({ target: throwRangeError, stdio: 'ignore' });
  await expect(child).resolves.toBeUndefined();
  expect(child.exitcode).toBe(1);
});

test('an initializer that throws results in exit code 1', () =>
  withFile(async (file) => {
    const child = new Process({ target: pid, initializer: failToStart, initargs: [file], stdio: 'ignore' });
    await child;
    expect(child.exitcode).toBe(1);
    expect(await linesOf(file)).toHaveLength(1);
  }));

test('exitcode is that of a target that exits or is killed', async () => {
  const exiting = new Process({ target: exit, args: [3] });
  const dying = new Process({ target: killSelf, args: ['SIGKILL'] });
  await Promise.all([exiting, dying]);
  expect([exiting.exitcode, dying.exitcode]).toEqual([3, -9]);
});

test('exitcode is the process.exitCode that a target sets, as in a program', async () => {
  const [child, worker] = [Process, Worker].map((Kind) => new Kind({ target: setExitCode, args: [5] }));
  expect(await Promise.all([child, worker])).toEqual([undefined, 'set']);
  expect([child?.exitcode, worker?.exitcode]).toEqual([5, 5]);
});

test('a target that throws results in exit code 1, also if it has set process.exitCode', async () => {
  const child = new Process({ target: setExitCode, args: [5, new Error('fails then')], stdio: 'ignore' });
  await child;
  expect(child.exitcode).toBe(1);
});

test('timers and handles of a target do not keep its process alive after its end', async () => {
  const child = new Process({ target: leaveTimer });
  await child;
  expect(child.exitcode).toBe(0);
});

test('processes have unique names by default', () => {
  const [one, two] = [new Process({ target: pid }), new Process({ target: pid })];
  expect(one.name).not.toBe(two.name);
  expect(new Process({ target: pid, name: 'importer' }).name).toBe('importer');
});

test('two processes run at the same time', () =>
  withGate(async (gate) => {
    const children = [1, 2].map(() => new Process({ target: waitAt, args: [gate.port] }));
    for (const child of children) child.start();
    await gate.arrived(2);
    expect(gate.arrivals.toSorted()).toEqual(children.map((child) => child.pid).toSorted());
    gate.open();
    await Promise.all(children);
  }));

test.each<[string, object, RegExp]>([
  ['no target', {}, /target/],
  ['a target that is not a function', { target: 'pid' }, /target/],
  ['arguments that are no list', { target: pid, args: 3 }, /args/],
  ['a name that is not a text', { target: pid, name: 3 }, /name/],
  ['a daemon that is not a boolean', { target: pid, daemon: 'yes' }, /daemon/],
  ['an initializer that is not a function', { target: pid, initializer: 'init' }, /initializer/],
  ['an environment that is not an object', { target: pid, env: 3 }, /env/],
  ['a folder that is none', { target: pid, cwd: 3 }, /cwd/],
  ['options of Node.js that are no list', { target: pid, execArgv: '--no-warnings' }, /execArgv/],
  ['an unknown way to print', { target: pid, stdio: 'paper' }, /stdio/],
  ['an unknown option', { target: pid, argv: [] }, /argv/],
])('%s throws in the constructor', (_what, options, message) => {
  expect(() => new Process(options as { target: typeof pid })).toThrow(TypeError);
  expect(() => new Process(options as { target: typeof pid })).toThrow(message);
});

test('a process that is never started can be closed', () => {
  const child = new Process({ target: runForever });
  expect(child.isAlive()).toBe(false);
  child.close();
});
