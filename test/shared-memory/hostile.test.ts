/** Handles that a hostile process may send, through tasks that return handles of their choice. */
import { execFileSync } from 'node:child_process';
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Shared, share, sharedArray } from 'aiomultiprocess';
import { packParts } from '../../dist/lib/ipc/packed.js';
import { loadLibc, SEAL_GROWING, SEAL_SHRINKING, SEAL_WRITING } from '../../dist/lib/shared-memory/libc.js';
import { addressOfRegion, formatAddress } from '../../dist/lib/shared-memory/region.js';
import { createImage } from '../../dist/lib/shared-memory/stored-value.js';
import { forge, forgeBeside, pid } from '../fixtures/shared-memory/tasks.js';
import { createPool } from '../support/pool.ts';
import { reasonOf } from '../support/reason.ts';
import { readParts } from '../support/shared-memory.ts';

const pool = createPool({ processes: 1 });
const { libc } = loadLibc();
const onLinux = libc === undefined ? describe.skip : describe;

// The pool survives every attack.
afterEach(async () => {
  expect(await pool.apply(pid)).toEqual(expect.any(Number));
});

const genuine = share(Buffer.alloc(300_000, 7));
const [, address] = readParts(genuine);
const [owner, fd, device, inode, size] = address.split(':') as [string, string, string, string, string];
const open: number[] = [];
afterAll(() => {
  genuine.dispose();
  open.forEach(closeSync);
});

/** A file in memory with these contents, as a process with koffi can create one. */
function createFile(content: Uint8Array, seals: number, length = content.length): string {
  const fd = libc?.createMemfd() as number;
  open.push(fd);
  writeSync(fd, content);
  ftruncateSync(fd, length);
  libc?.addSeals(fd, seals);
  return formatAddress(addressOfRegion(fd));
}

const IMMUTABLE = SEAL_GROWING | SEAL_SHRINKING | SEAL_WRITING;
const FIXED = SEAL_GROWING | SEAL_SHRINKING;

describe('a handle with invalid parts ends its process', () => {
  test.each<[string, unknown[]]>([
    ['no address', ['shared']],
    ['an address of another type', ['shared', 5]],
    ['a negative descriptor', ['shared', `${owner}:-1:${device}:${inode}:${size}`]],
    ['a negative process', ['shared', `-1:${fd}:${device}:${inode}:${size}`]],
    ['a path', ['shared', `${owner}/../1:${fd}:${device}:${inode}:${size}`]],
    ['a size beyond any memory', ['shared', `${owner}:${fd}:${device}:${inode}:${'9'.repeat(30)}`]],
    ['content of another type', ['shared', address, 5]],
    ['too many parts', ['shared', address, Buffer.alloc(1), 5]],
    ['an array without a type', ['shared array', address]],
    ['an array of a type that does not exist', ['shared array', address, 'Array', 0, 1]],
    ['an array of a type by a name of its prototype', ['shared array', address, 'constructor', 0, 1]],
    ['an array with a negative offset', ['shared array', address, 'Int32Array', -4, 1]],
    ['an array of a fractional length', ['shared array', address, 'Int32Array', 0, 1.5]],
    ['an array with a length as text', ['shared array', address, 'Int32Array', 0, '1']],
    ['an unknown kind', ['share', address]],
  ])('%s', async (_, parts) => {
    expect(await reasonOf(pool.apply(forge, parts as Parameters<typeof forge>))).toMatchObject({
      name: 'ProcessExitError',
      cause: { name: 'ProtocolError' },
    });
  });
});

describe('the value of a handle that names something else is an error when it is read', () => {
  const gone = expect.objectContaining({ name: 'SharedMemoryError' });
  const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-test-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  function openHere(name: string, flags: string): string {
    const fd = openSync(join(folder, name), flags);
    open.push(fd);
    return formatAddress(addressOfRegion(fd));
  }

  test.each<[string, () => string]>([
    ['another inode', () => `${owner}:${fd}:${device}:${Number(inode) + 1}:${size}`],
    ['another device', () => `${owner}:${fd}:${Number(device) + 1}:${inode}:${size}`],
    ['another size', () => `${owner}:${fd}:${device}:${inode}:${Number(size) * 1000}`],
    ['a descriptor that is not open', () => `${owner}:99999:${device}:${inode}:${size}`],
    ['a process that does not exist', () => `4194304:${fd}:${device}:${inode}:${size}`],
    ['a file with a name', () => openHere('file', 'w+')],
    [
      'a pipe, which would block',
      () => {
        execFileSync('mkfifo', [join(folder, 'fifo')]);
        return openHere('fifo', 'r+');
      },
    ],
  ])('%s', async (_, createAddress) => {
    const shared = (await pool.apply(forge, ['shared', createAddress()])) as unknown as Shared<unknown>;
    expect(() => shared.value).toThrow(gone);
  });

  test('the content of another value, which does not take the place of the genuine one', async () => {
    const foreign = address.replace(owner, String((await pool.broadcast(pid))[0]));
    const forged = await forgeShared(foreign, Buffer.alloc(100));
    expect(() => forged.value).toThrow(expect.objectContaining({ name: 'ProtocolError' }));
    expect(await forgeShared(foreign)).not.toBe(forged);
    expect(await forgeShared(address, Buffer.alloc(100))).toBe(genuine);
  });
});

/** What this process makes of a handle of a shared value. */
async function forgeShared(...parts: unknown[]): Promise<Shared<Buffer>> {
  return (await pool.apply(forge, ['shared', ...parts] as never)) as unknown as Shared<Buffer>;
}

onLinux('the content of a region', () => {
  const parts = { frame: Buffer.alloc(50), attachments: [Buffer.alloc(300_000)] };

  function edit(change: (view: DataView) => void): Uint8Array {
    const image = createImage(parts);
    change(new DataView(image.buffer));
    return image;
  }

  test.each<[string, () => string]>([
    ['zeros', () => createFile(Buffer.alloc(5000), IMMUTABLE)],
    ['a terabyte of zeros', () => createFile(Buffer.alloc(5000), IMMUTABLE, 2 ** 40)],
    ['a byte', () => createFile(Buffer.alloc(1), IMMUTABLE)],
    ['a frame that does not decode', () => createFile(createImage(parts), IMMUTABLE)],
    [
      'another mark',
      () =>
        createFile(
          edit((view) => view.setUint32(0, 5, true)),
          IMMUTABLE,
        ),
    ],
    [
      'a frame beyond the end',
      () =>
        createFile(
          edit((view) => view.setUint32(4, 0xffffffff, true)),
          IMMUTABLE,
        ),
    ],
    [
      'parts beyond the end',
      () =>
        createFile(
          edit((view) => view.setUint32(8, 0xffffffff, true)),
          IMMUTABLE,
        ),
    ],
    [
      'a part of length NaN',
      () =>
        createFile(
          edit((view) => view.setFloat64(16, Number.NaN, true)),
          IMMUTABLE,
        ),
    ],
    [
      'a part of a length below 0',
      () =>
        createFile(
          edit((view) => view.setFloat64(16, -20_000, true)),
          IMMUTABLE,
        ),
    ],
    [
      'a part that is too long',
      () =>
        createFile(
          edit((view) => view.setFloat64(16, 2 ** 40, true)),
          IMMUTABLE,
        ),
    ],
    ['bytes behind the last part', () => createFile(createImage(parts), IMMUTABLE, 2 ** 20)],
  ])('is a ProtocolError if it is %s', async (_, create) => {
    const shared = await forgeShared(create());
    expect(() => shared.value).toThrow(expect.objectContaining({ name: 'ProtocolError' }));
  });

  test('is copied if its owner could change or shorten it', async () => {
    const file = createFile(createImage(packParts(Buffer.alloc(1_000_000, 7), 'value')), 0);
    const shared = await forgeShared(file);
    expect(shared.value[999_999]).toBe(7);
    ftruncateSync(open.at(-1) as number, 0);
    expect(shared.value.every((byte) => byte === 7)).toBe(true);
  });
});

onLinux('a handle of an array', () => {
  const PAGE = 4096;
  test.each<[string, () => [address: string, type: string, offset: number, length: number]]>([
    ['a file that its owner could shorten', () => [createFile(Buffer.alloc(2 * PAGE), 0), 'Int8Array', 0, 1]],
    ['a file of another size', () => [createFile(Buffer.alloc(PAGE + 1), FIXED), 'Int8Array', 0, 1]],
    ['a file that cannot be written', () => [createFile(Buffer.alloc(2 * PAGE), IMMUTABLE), 'Int8Array', 0, 1]],
    ['more than the memory', () => [arrayAddress, 'Int8Array', 0, 2 ** 40]],
    ['a part behind the memory', () => [arrayAddress, 'Int8Array', 2 ** 40, 1]],
    ['an offset that is not aligned', () => [arrayAddress, 'Int32Array', 1, 1]],
    ['a file beyond the limit', () => [createFile(Buffer.alloc(PAGE), FIXED, 2 ** 40), 'Int8Array', 0, 1]],
    ['a region that is gone', () => [`${owner}:99999:${device}:5:4096`, 'Int8Array', 0, 1]],
  ])('that names %s ends its process at most', async (_, create) => {
    const error = await reasonOf(pool.apply(forge, ['shared array', ...create()] as never));
    expect(error).toMatchObject({ name: 'ProcessExitError', cause: { name: 'ProtocolError' } });
  });

  const array = libc === undefined ? new Int32Array(4) : sharedArray(Int32Array, 4);
  const memory = Reflect.get(globalThis, Symbol.for('aiomultiprocess.handle-memory'));
  const arrayAddress: string = memory.describers.get(array.buffer)?.(array)[1];

  test('beside a value that is no plain one fails its task, if the array cannot be mapped', async () => {
    const gone = [`${owner}:99999:${device}:5:4096`, 'Int8Array', 0, 1];
    expect(await reasonOf(pool.apply(forgeBeside, [-0, 'shared array', ...gone] as never))).toMatchObject({
      name: 'SharedMemoryError',
    });
  });
});
