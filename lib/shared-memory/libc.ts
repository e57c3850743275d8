/**
 * The functions of the C library that Node.js lacks, through the optional package koffi.
 *
 * It is loaded with the first need, never at the start of a process.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants as systemConstants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { runInThisContext } from 'node:vm';
import { SharedMemoryError } from '../errors.js';
import { isOlder } from '../util/optional-package.js';

/** Seals of a memfd: what no process can do with it from then on. */
export const SEAL_SEALS = 0x1;
export const SEAL_SHRINKING = 0x2;
export const SEAL_GROWING = 0x4;
export const SEAL_WRITING = 0x8;

/** The offsets of mapped parts are multiples of this, the largest size of a page on any supported processor. */
export const MAP_ALIGNMENT = 64 * 1024;

/** The least that is reserved in one call, in bytes: a page. */
const MIN_STEP = 4096;

/** How a process sees its mapped file: together with all others, or with changes of its own that no other sees. */
type MapMode = 'shared' | 'private';

export interface Libc {
  /** Creates a file in memory that has no name and accepts seals. @returns its descriptor. */
  createMemfd(): number;
  addSeals(fd: number, seals: number): void;
  /** The seals of a file; 0 for one that is not a memfd. */
  readSeals(fd: number): number;
  /** Reserves the memory of a part of a file, so that a full system is an error here and not a crash at a later access. */
  reserve(fd: number, offset: number, length: number): void;
  /**
   * Gives the memory of a part of a file back to the system. The part reads as zeros from then on. Has no effect where the
   * system cannot do it, or a signal interrupts it: the memory then stays until the file is closed.
   */
  punchHole(fd: number, offset: number, length: number): void;
  /**
   * Maps a part of a file. The mapping ends when the buffer and all views of it are collected.
   *
   * The file must be sealed against shrinking: an access beyond its end would end this process.
   *
   * @param offset - a multiple of {@link MAP_ALIGNMENT}.
   * @returns a buffer that cannot be transferred to another thread. It is longer than `length` where that is not a
   * multiple of 64 KiB.
   * @throws {@link SharedMemoryError} if the file cannot be mapped.
   */
  map(fd: number, length: number, mode: MapMode, offset?: number): ArrayBuffer;
}

/** Either the functions, or why there are none. */
export type LoadedLibc =
  | { readonly libc: Libc; readonly cause?: never }
  | { readonly libc?: never; readonly cause: unknown };

let loaded: LoadedLibc | undefined;

/** Errors that pass: this process, or the system, has no descriptors left at the moment. */
const PASSING: readonly unknown[] = ['EMFILE', 'ENFILE'];

/** @returns the functions; the error that says why if koffi is not installed or does not work here. */
export function loadLibc(): LoadedLibc {
  if (loaded !== undefined) return loaded;
  const tried = load();
  if (!PASSING.includes((tried.cause as NodeJS.ErrnoException | undefined)?.code)) loaded = tried;
  return tried;
}

function load(): LoadedLibc {
  try {
    if (process.platform !== 'linux') throw new Error(`${process.platform} has no memfd_create`);
    const libc = bind(createRequire(import.meta.url)('koffi') as typeof import('koffi'));
    tryOut(libc);
    return { libc };
  } catch (cause) {
    return { cause };
  }
}

const MFD_CLOEXEC = 0x1;
const MFD_ALLOW_SEALING = 0x2;
/** Since Linux 6.3, which may be configured to refuse a memfd without it. */
const MFD_NOEXEC_SEAL = 0x8;
const F_ADD_SEALS = 1033;
const F_GET_SEALS = 1034;
const PROT_READ_WRITE = 0x3;
const MAP_SHARED = 0x1;
const MAP_PRIVATE = 0x2;
const MAP_FIXED = 0x10;
const FALLOC_KEEP_SIZE_PUNCH_HOLE = 0x3;

const WASM_PAGE = 64 * 1024;
/** Of a WebAssembly memory. */
const MAX_PAGES = 64 * 1024;
/**
 * The most mappings of a process at a time. Each takes 10 GiB of the 128 TiB of addresses; and a process that another
 * one makes open many must not run out of the mappings that V8 needs as well.
 */
const MAX_MAPPINGS = 4096;

function bind(koffi: typeof import('koffi')): Libc {
  if (isOlder(koffi.version, '3.0.0'))
    throw new Error(`version 3.0.0 or later is needed, and ${koffi.version} is installed`);
  if (koffi.sizeof('void *') !== 8) throw new Error('a process of 32 bits has too few addresses');
  const library = koffi.load(null);
  const memfdCreate = library.func('int memfd_create(const char *name, unsigned int flags)');
  const fcntl = library.func('int fcntl(int fd, int cmd, ...)');
  const mmap = library.func('void *mmap(void *addr, size_t length, int prot, int flags, int fd, int64_t offset)');
  const fallocate = library.func('int fallocate(int fd, int mode, int64_t offset, int64_t length)');
  const posixFallocate = library.func('int posix_fallocate(int fd, int64_t offset, int64_t length)');
  const close = library.func('int close(int fd)');

  let mappings = 0;
  const collected = new FinalizationRegistry<undefined>(() => {
    mappings--;
  });

  const check = (syscall: string, result: number): number => {
    if (result < 0) throw createError(syscall, koffi.errno());
    return result;
  };

  const libc: Libc = {
    createMemfd() {
      const flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
      let fd = memfdCreate('aiomultiprocess', flags | MFD_NOEXEC_SEAL) as number;
      if (fd < 0 && koffi.errno() === koffi.os.errno.EINVAL) fd = memfdCreate('aiomultiprocess', flags) as number;
      check('memfd_create', fd);
      try {
        // Node.js closes the descriptors that it has opened itself when a worker thread ends, in whatever way.
        return openSync(`/proc/self/fd/${fd}`, constants.O_RDWR);
      } finally {
        close(fd);
      }
    },
    addSeals(fd, seals) {
      check('fcntl', fcntl(fd, F_ADD_SEALS, 'int', seals) as number);
    },
    readSeals(fd) {
      return Math.max(fcntl(fd, F_GET_SEALS) as number, 0);
    },
    reserve(fd, offset, length) {
      const end = offset + length;
      let step = length;
      for (let at = offset; at < end; ) {
        const size = Math.min(step, end - at);
        const errno = posixFallocate(fd, at, size) as number;
        // A signal undoes all of a step. A profiler sends them so often that only short steps end in between.
        if (errno === systemConstants.errno.EINTR) step = Math.max(MIN_STEP, Math.floor(step / 2));
        else if (errno !== 0) throw createError('posix_fallocate', errno);
        else at += size;
      }
    },
    punchHole(fd, offset, length) {
      fallocate(fd, FALLOC_KEEP_SIZE_PUNCH_HOLE, offset, length);
    },
    map(fd, length, mode, offset = 0) {
      if (mappings >= MAX_MAPPINGS) {
        throw new SharedMemoryError(
          `this process has mapped ${mappings} regions of shared memory; use fewer, larger ones`,
        );
      }
      try {
        const buffer = allocatePages(length);
        const address = koffi.address(buffer);
        const flags = MAP_FIXED | (mode === 'shared' ? MAP_SHARED : MAP_PRIVATE);
        const mapped = mmap(address, length, PROT_READ_WRITE, flags, fd, offset) as bigint;
        if (mapped !== address) throw createError('mmap', koffi.errno());
        mappings++;
        collected.register(buffer, undefined);
        return buffer;
      } catch (cause) {
        throw new SharedMemoryError(`${length} bytes of shared memory cannot be mapped: ${(cause as Error).message}`, {
          cause,
        });
      }
    },
  };
  return libc;
}

/** The types of Node.js 20 lack it, and `--jitless` removes it. */
interface WithWebAssembly {
  WebAssembly?: { Memory: MemoryClass };
}

type MemoryClass = new (size: { initial: number; maximum: number }) => { buffer: ArrayBuffer };

let Memory: MemoryClass | undefined;

/** The class whose buffers are instances of this realm's `ArrayBuffer`: Jest takes that from the realm outside. */
function findMemoryClass(): MemoryClass | undefined {
  const realms: readonly WithWebAssembly[] = [globalThis, runInThisContext('globalThis')];
  const classes = realms.flatMap(({ WebAssembly }) => WebAssembly?.Memory ?? []);
  return classes.find((each) => new each({ initial: 0, maximum: 0 }).buffer instanceof ArrayBuffer) ?? classes[0];
}

/**
 * Memory that begins at a page and that V8 itself allocates, for a mapping to replace it.
 *
 * An ArrayBuffer around foreign memory (`koffi.view`) would not do. A program can move its memory to another
 * ArrayBuffer, with `transfer()` or a byte stream for instance, and nothing tells when that one is collected: ending the
 * mapping with the first would leave the second without memory. V8 ends these mappings itself, and never moves the
 * memory of WebAssembly.
 */
function allocatePages(length: number): ArrayBuffer {
  const pages = Math.ceil(length / WASM_PAGE);
  if (pages > MAX_PAGES) throw new RangeError(`the limit is ${MAX_PAGES * WASM_PAGE} bytes`);
  try {
    Memory ??= findMemoryClass();
    if (Memory !== undefined) return new Memory({ initial: pages, maximum: pages }).buffer;
  } catch {
    // The limit of addresses (`ulimit -v`) may be low.
  }
  // Optimised code is slower with such a buffer. With `--jitless` there is none.
  const size = pages * WASM_PAGE;
  return new ArrayBuffer(size, { maxByteLength: size });
}

function createError(syscall: string, errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno);
  return Object.assign(new Error(`${code}, ${syscall}`), { errno: -errno, code, syscall });
}

/** Fails where some of it does not work: runtimes and systems differ. */
function tryOut(libc: Libc): void {
  const fd = libc.createMemfd();
  try {
    libc.reserve(fd, 0, 2);
    const [own, other, copy] = [libc.map(fd, 2, 'shared'), libc.map(fd, 2, 'shared'), libc.map(fd, 2, 'private')];
    const bytes = new Uint8Array(own);
    bytes[0] = 1;
    new Uint8Array(copy)[1] = 2;
    libc.addSeals(fd, SEAL_SHRINKING);
    const works = new Uint8Array(other)[0] === 1 && new Uint8Array(copy)[0] === 1 && bytes[1] === 0;
    if (!works || (libc.readSeals(fd) & SEAL_SHRINKING) === 0) throw new Error('mapped memory is not shared');
  } finally {
    closeSync(fd);
  }
}
