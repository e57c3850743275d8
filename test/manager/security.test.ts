import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManagerClosedError, type SharedQueue } from 'aiomultiprocess';
import fc from 'fast-check';
import { Packr } from 'msgpackr/pack';
import { BATCH, HEADER_SIZE, writeHeader } from '../../dist/lib/ipc/frame.js';
import { TASK } from '../../dist/lib/ipc/messages.js';
import { LIST, toAddress } from '../../dist/lib/manager/methods.js';
import { Account, Busy } from '../fixtures/manager/classes.js';
import { createManager, readHandle } from '../support/manager.ts';
import { until } from '../support/until.ts';

const manager = createManager();
const queue = manager.queue<number>();
const { folder, path, key } = readHandle(queue);
const keyBytes = Buffer.from(key, 'hex');

let silent: Raw;
let silentSince: number;

beforeAll(async () => {
  await queue.size();
  silent = new Raw();
  silentSince = performance.now();
});
// Whatever was tried, the server goes on.
afterEach(async () => {
  await queue.put(1);
  expect(await queue.get()).toBe(1);
});

/** A connection that a test has under its own control. */
class Raw {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  readonly closed: Promise<unknown>;

  constructor() {
    this.socket = connect(path);
    this.socket.on('data', (chunk) => this.#chunks.push(chunk));
    this.socket.on('error', () => {});
    this.closed = once(this.socket, 'close');
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  async read(size: number): Promise<Buffer> {
    while (this.received.length < size) await once(this.socket, 'data');
    return this.received.subarray(size - 32, size);
  }
}

function prove(secret: Uint8Array, role: string, server: Uint8Array, client: Uint8Array): Buffer {
  return createHmac('sha256', secret).update(`aiomultiprocess ${role}\0`).update(server).update(client).digest();
}

/** Greets the server as a client does; `secret` and `role` may be wrong. */
async function greet(secret: Uint8Array = keyBytes, role = 'client') {
  const raw = new Raw();
  const challenge = randomBytes(32);
  const theirs = await raw.read(32);
  const answer = Buffer.concat([challenge, prove(secret, role, theirs, challenge)]);
  raw.socket.write(answer);
  return { raw, answer, challenge, theirs };
}

test('a socket that is a file is in a folder for this user alone; another has a name that cannot be guessed', () => {
  if (path.startsWith('\0')) return expect(path).toMatch(/^\0aiomultiprocess-[0-9a-f]{32}$/);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(folder).uid).toBe(process.getuid?.());
});

/** Makes an object of the parts of a handle, as decoding one does. */
function makeObject(parts: unknown[]): unknown {
  const makers = Reflect.get(globalThis, Symbol.for('aiomultiprocess.handles')) as Map<string, typeof makeObject>;
  return makers.get('manager')?.(parts);
}

test.each([
  [[]],
  [[folder, path, key, 1, 'no type']],
  [[folder, path, key, 1, 'constructor']],
  [[folder, path, key, 1.5, 'queue']],
  [[folder, { path }, key, 1, 'queue']],
  [[folder, path, key, 1, 'instance', 7]],
])('a handle with wrong parts is refused (%#)', (parts) => {
  expect(() => makeObject(parts)).toThrow(expect.objectContaining({ name: 'ProtocolError' }));
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot('another user cannot connect, or is dropped without the key', async () => {
  const program = `
    const socket = require('node:net').connect(${JSON.stringify(path)});
    socket.on('error', ({ code }) => console.log(code));
    socket.on('connect', () => socket.write(Buffer.alloc(64)));
    socket.resume().on('end', () => console.log('dropped'));
  `;
  const child = spawn(process.execPath, ['-e', program], {
    uid: 65534,
    gid: 65534,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await once(child.stdout, 'data');
  expect(String(output)).toBe(path.startsWith('\0') ? 'dropped\n' : 'EACCES\n');
});

test('the key is in no argument and no environment', async () => {
  if (process.platform !== 'linux') return;
  const { readFileSync } = await import('node:fs');
  const seen = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${manager.pid}/${file}`, 'latin1')).join();
  expect(seen).toContain('manager/server/main.cjs');
  expect(seen).not.toContain(key);
});

test('the right key is welcomed, by a server that proves itself', async () => {
  const { raw, challenge, theirs } = await greet();
  expect(await raw.read(64)).toEqual(prove(keyBytes, 'server', theirs, challenge));
  raw.socket.destroy();
});

test.each<[string, () => Promise<Raw>]>([
  ['a wrong key', async () => (await greet(randomBytes(32))).raw],
  ['a proof in the role of the server', async () => (await greet(keyBytes, 'server')).raw],
  [
    'a handshake that was recorded',
    async () => {
      const { raw: good, answer } = await greet();
      await good.read(64);
      good.socket.destroy();
      const raw = new Raw();
      await raw.read(32);
      raw.socket.write(answer);
      return raw;
    },
  ],
  [
    "the server's own challenge and proof, sent back",
    async () => {
      const { raw: good, theirs } = await greet();
      const proof = await good.read(64);
      good.socket.destroy();
      const raw = new Raw();
      await raw.read(32);
      raw.socket.write(Buffer.concat([theirs, proof]));
      return raw;
    },
  ],
  [
    'garbage',
    async () => {
      const raw = new Raw();
      raw.socket.write(randomBytes(1000));
      return raw;
    },
  ],
  [
    'calls that do not wait for the answer',
    async () => {
      const raw = new Raw();
      const challenge = randomBytes(32);
      const theirs = await raw.read(32);
      raw.socket.write(Buffer.concat([challenge, prove(keyBytes, 'client', theirs, challenge), Buffer.alloc(8)]));
      return raw;
    },
  ],
])('%s is dropped', async (_what, attempt) => {
  const raw = await attempt();
  await raw.closed;
  expect(raw.received.length).toBe(32);
});

test.each<[string, Buffer]>([
  ['an oversized frame', Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])],
  ['a frame of an unknown kind', Buffer.from([1, 0, 0, 0, 9, 0, 0, 0, 0])],
  ['a frame that is no list of messages', Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0xc0])],
  // [[TASK, 1, 0, [[1, 'value', 1]]]]: only the manager may make objects.
  [
    'a call that only the manager may make',
    Buffer.from([15, 0, 0, 0, 0, 0, 0, 0, 0x91, 0x94, 2, 1, 0, 0x91, 0x93, 1, 0xa5, ...Buffer.from('value'), 1]),
  ],
])('%s from one who knows the key ends its connection only', async (_what, bytes) => {
  const { raw } = await greet();
  await raw.read(64);
  raw.socket.write(bytes);
  await raw.closed;
});

test('whatever one who knows the key calls, the server goes on', async () => {
  const list = manager.list([1, 2]);
  const all = [
    list,
    manager.queue({ order: 'priority', maxSize: 2 }),
    manager.queue({ acknowledge: true }),
    manager.event(),
    manager.lock({ reentrant: true }),
    manager.semaphore(2, { bounded: true }),
    manager.barrier(2),
    manager.map([['a', 1]]),
    manager.value(1),
    manager.register('Account', Account)(1),
  ];
  const { pid } = manager;
  const objects = all.map((object) => readHandle(object).id);
  const anything = fc.oneof(
    fc.integer({ min: -2, max: 3 }),
    fc.double(),
    fc.bigInt(),
    fc.constantFrom('a', '__proto__', 'length', null, undefined, true, [], {}, [[], [], 1]),
  );
  const call = fc.tuple(fc.constantFrom(...objects, 0, 99), fc.nat({ max: 15 }), fc.array(anything, { maxLength: 3 }));
  const packr = new Packr({ sequential: true, moreTypes: true });
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 3 }), async (calls) => {
      const { raw } = await greet();
      await raw.read(64);
      const tasks = calls.map(([object, method, args], at) => [TASK, at, toAddress(object, method), [args]]);
      const body = packr.pack(tasks);
      const header = new Uint8Array(HEADER_SIZE);
      writeHeader(header, BATCH, body.length);
      raw.socket.end(Buffer.concat([header, body]));
      await raw.closed;
    }),
    { numRuns: 500, examples: [[[[readHandle(list).id, LIST.set, ['__proto__', null]]]]] },
  );
  expect(manager.pid).toBe(pid);
  expect(await list.push(3)).toBe(await list.size());
});

test('a proof that came in time is taken, however busy the server was', async () => {
  const busy = manager.register('Busy', Busy)();
  const raw = new Raw();
  const [challenge, theirs] = [randomBytes(32), await raw.read(32)];
  const own = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
  const file = join(own, 'busy');
  const blocked = busy.block(5500, file);
  await until(() => existsSync(file));
  raw.socket.write(Buffer.concat([challenge, prove(keyBytes, 'client', theirs, challenge)]));
  await blocked;
  expect(await Promise.race([raw.read(64), raw.closed])).toEqual(prove(keyBytes, 'server', theirs, challenge));
  raw.socket.destroy();
  rmSync(own, { recursive: true });
}, 20_000);

/** Runs the body with a queue that another server than a manager's pretends to have. */
async function withFakeServer(
  onConnection: (socket: Socket) => void,
  body: (queue: SharedQueue<string>, server: Server) => Promise<void>,
): Promise<void> {
  const fake = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
  chmodSync(fake, 0o700);
  const server = createServer((socket) => {
    socket.on('error', () => {});
    onConnection(socket);
  });
  server.listen(join(fake, 'fake.sock'));
  try {
    await body(makeObject([fake, join(fake, 'fake.sock'), key, 1, 'queue']) as SharedQueue<string>, server);
  } finally {
    server.close();
    rmSync(fake, { recursive: true });
  }
}

test('a process does not talk to a server that does not know the key', async () => {
  const received: Buffer[] = [];
  const pretend = (socket: Socket) => {
    socket.write(randomBytes(32));
    socket.on('data', (chunk) => {
      received.push(chunk);
      socket.write(randomBytes(32));
    });
  };
  await withFakeServer(pretend, async (stranger) => {
    await expect(stranger.put('secret')).rejects.toThrow(ManagerClosedError);
    await expect(stranger.put('secret')).rejects.toThrow('it does not know the key');
    expect(Buffer.concat(received).length).toBe(64);
  });
});

test('a connection that the server has ended fails what waits, and the next call makes another', async () => {
  let connections = 0;
  const welcome = (socket: Socket) => {
    connections++;
    const challenge = randomBytes(32);
    socket.write(challenge);
    socket.once('data', (answer) => socket.end(prove(keyBytes, 'server', challenge, answer.subarray(0, 32))));
  };
  await withFakeServer(welcome, async (queue, server) => {
    await expect(queue.get()).rejects.toThrow('its process has ended the connection');
    await expect(queue.get()).rejects.toThrow(ManagerClosedError);
    expect(connections).toBe(2);
    server.close();
    // One that has listened and does no more is not about to start.
    await expect(queue.get()).rejects.toThrow('its process does not listen');
  });
}, 10_000);

test('a connection that says nothing is dropped after five seconds', async () => {
  await silent.closed;
  expect(performance.now() - silentSince).toBeGreaterThan(4500);
}, 20_000);
