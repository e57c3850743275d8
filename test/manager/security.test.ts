import { spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, closeSync, existsSync, ftruncateSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ManagerClosedError, type SharedQueue } from 'aiomultiprocess';
import fc from 'fast-check';
import { Packr, Unpackr } from 'msgpackr';
import { BATCH, HEADER_SIZE, writeHeader } from '../../dist/lib/ipc/frame.js';
import { LIST, toMethodId } from '../../dist/lib/manager/protocol/methods.js';
import { MAPPED, MEMORY, TASK } from '../../dist/lib/protocol/messages.js';
import { loadLibc, SEAL_GROWING, SEAL_SHRINKING } from '../../dist/lib/shared-memory/libc.js';
import { addressOfRegion, formatAddress } from '../../dist/lib/shared-memory/region.js';
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
// The server survives every attack.
afterEach(async () => {
  await queue.put(1);
  expect(await queue.get()).toBe(1);
});

/** A connection whose bytes a test controls. */
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

/** Performs the client's part of the handshake; `secret` and `role` may be wrong. */
async function greet(secret: Uint8Array = keyBytes, role = 'client') {
  const raw = new Raw();
  const challenge = randomBytes(32);
  const theirs = await raw.read(32);
  const answer = Buffer.concat([challenge, prove(secret, role, theirs, challenge)]);
  raw.socket.write(answer);
  return { raw, answer, challenge, theirs };
}

test('a socket is in a folder that only this user may enter, or has a random abstract name', () => {
  if (path.startsWith('\0')) return expect(path).toMatch(/^\0aiomultiprocess-[0-9a-f]{32}$/);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(folder).uid).toBe(process.getuid?.());
});

/** Creates an object from the parts of a handle, as the decoder does. */
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
])('a handle with invalid parts is rejected (%#)', (parts) => {
  expect(() => makeObject(parts)).toThrow(expect.objectContaining({ name: 'ProtocolError' }));
});

const asRoot = process.getuid?.() === 0 ? test : test.skip;

asRoot('another user cannot connect, or is disconnected without the key', async () => {
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

test('the key does not appear in arguments or environment', async () => {
  if (process.platform !== 'linux') return;
  const { readFileSync } = await import('node:fs');
  const seen = ['cmdline', 'environ'].map((file) => readFileSync(`/proc/${manager.pid}/${file}`, 'latin1')).join();
  expect(seen).toContain('manager/server/main.cjs');
  expect(seen).not.toContain(key);
});

test('the right key is accepted, and the server proves itself', async () => {
  const { raw, challenge, theirs } = await greet();
  expect(await raw.read(64)).toEqual(prove(keyBytes, 'server', theirs, challenge));
  raw.socket.destroy();
});

test.each<[string, () => Promise<Raw>]>([
  ['a wrong key', async () => (await greet(randomBytes(32))).raw],
  ['a proof in the role of the server', async () => (await greet(keyBytes, 'server')).raw],
  [
    'a recorded handshake',
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
    'calls sent before the handshake is complete',
    async () => {
      const raw = new Raw();
      const challenge = randomBytes(32);
      const theirs = await raw.read(32);
      raw.socket.write(Buffer.concat([challenge, prove(keyBytes, 'client', theirs, challenge), Buffer.alloc(8)]));
      return raw;
    },
  ],
])('%s is disconnected', async (_what, attempt) => {
  const raw = await attempt();
  await raw.closed;
  expect(raw.received.length).toBe(32);
});

test.each<[string, Buffer]>([
  ['an oversized frame', Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])],
  ['a frame of an unknown kind', Buffer.from([1, 0, 0, 0, 9, 0, 0, 0, 0])],
  ['a frame that is not a list of messages', Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 0xc0])],
  // [[TASK, 1, 0, [[1, 'value', 1]]]]: only the manager may create objects.
  [
    'a call that only the manager may make',
    Buffer.from([15, 0, 0, 0, 0, 0, 0, 0, 0x91, 0x94, 2, 1, 0, 0x91, 0x93, 1, 0xa5, ...Buffer.from('value'), 1]),
  ],
])('%s from a client that knows the key ends only its connection', async (_what, bytes) => {
  const { raw } = await greet();
  await raw.read(64);
  raw.socket.write(bytes);
  await raw.closed;
});

/** Regions that a client may offer; the server opens neither of a pair with a bad one. */
describe('memory that a client offers', () => {
  const LIMIT = 1024 * 1024;
  const { libc } = loadLibc();
  const onLinux = libc === undefined ? test.skip : test;
  const open: number[] = [];
  afterAll(() => open.forEach(closeSync));

  function createRegion(size: number, seals: number): string {
    const fd = libc?.createMemfd() as number;
    open.push(fd);
    ftruncateSync(fd, size);
    libc?.addSeals(fd, seals);
    return formatAddress(addressOfRegion(fd));
  }

  const FIXED = SEAL_GROWING | SEAL_SHRINKING;
  const offer = (region: string, limit: unknown = LIMIT) => ({
    toChild: region,
    toParent: createRegion(LIMIT, FIXED),
    limit,
    threshold: 65_536,
  });

  /** Sends messages as a client that knows the key. @returns the answer; `undefined` if the server ends the connection. */
  async function send(...messages: unknown[][]): Promise<unknown> {
    const { raw } = await greet();
    await raw.read(64);
    const body = new Packr({ sequential: true }).pack(messages);
    const header = new Uint8Array(HEADER_SIZE);
    writeHeader(header, BATCH, body.length);
    raw.socket.write(Buffer.concat([header, body]));
    const size = 64 + HEADER_SIZE;
    await Promise.race([raw.closed, until(() => raw.received.length > size)]);
    const bytes = raw.received.subarray(size);
    raw.socket.destroy();
    return bytes.length === 0 ? undefined : new Unpackr().unpack(bytes);
  }

  onLinux('is opened if its size is fixed', async () => {
    expect(await send([MEMORY, offer(createRegion(LIMIT, FIXED))])).toEqual([[MAPPED, 1]]);
  });

  onLinux.each<[string, () => unknown]>([
    ['may shrink', () => offer(createRegion(LIMIT, SEAL_GROWING))],
    ['is smaller than its limit', () => offer(createRegion(LIMIT / 2, FIXED))],
    ['has a limit as text', () => offer(createRegion(LIMIT, FIXED), String(LIMIT))],
    ['has no address', () => offer('')],
    ['is nothing', () => null],
  ])('is refused if it %s', async (_what, create) => {
    expect(await send([MEMORY, create()])).toEqual([[MAPPED, 0]]);
  });

  onLinux('is not accepted twice', async () => {
    const message = [MEMORY, offer(createRegion(LIMIT, FIXED))];
    expect(await send(message, message)).toBeUndefined();
  });
});

test('the server survives any call of a client that knows the key', async () => {
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
      const tasks = calls.map(([object, method, args], at) => [TASK, at, toMethodId(object, method), [args]]);
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

test('a proof that arrived in time is accepted, even if the server was busy', async () => {
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

/** Runs the body with a queue whose server is a fake. */
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

test('a process sends no calls to a server that does not know the key', async () => {
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

test('the end of a connection fails its pending calls, and the next call opens another', async () => {
  let connections = 0;
  const welcome = (socket: Socket) => {
    connections++;
    const challenge = randomBytes(32);
    socket.write(challenge);
    socket.once('data', (answer) => socket.end(prove(keyBytes, 'server', challenge, answer.subarray(0, 32))));
  };
  await withFakeServer(welcome, async (queue, server) => {
    await expect(queue.get()).rejects.toThrow('its process closed the connection');
    await expect(queue.get()).rejects.toThrow(ManagerClosedError);
    expect(connections).toBe(2);
    server.close();
    // A server that listened before is not starting up.
    await expect(queue.get()).rejects.toThrow('its process is not listening');
  });
}, 10_000);

test('a silent connection is closed after five seconds', async () => {
  await silent.closed;
  expect(performance.now() - silentSince).toBeGreaterThan(4500);
}, 20_000);
