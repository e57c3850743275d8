import { ProtocolError } from '../errors.js';
import { MAX_DELAY } from '../keep-alive.js';
import type { FunctionTraits } from './function-traits.js';
import { isCaller } from './names.js';

/**
 * What callers and hosts tell each other, as the data of BullMQ's jobs.
 *
 * It is JSON; values of the program are in `body` (see `payload.ts`). Whoever can write to the datastore can forge it,
 * so both sides read it with the functions below, and take nothing for granted.
 */

/** Changes with every change that the other side would misunderstand. */
export const VERSION = 2;

/** More tasks than this are in no chunk. */
export const MAX_CHUNK = 1000;
/** A chunk is full with so many bytes of arguments, and so is a batch of results. */
export const CHUNK_BYTES = 256 * 1024;

/** The longest name of a module or function. */
const MAX_NAME = 1024;
const MAX_HOLDERS = 100;

/** Tasks that travel together: calls of one function. */
export interface Chunk {
  version: typeof VERSION;
  caller: string;
  /** How long the caller is believed to be there without a sign of life, in milliseconds. */
  lease: number;
  /** The path of the module from the root that both sides agree on, without its extension. */
  module: string;
  fn: FunctionTraits;
  /** Milliseconds for each task, and how often it is run again; the host decides what is not said. */
  timeout?: number;
  retries?: number;
  /** The largest result, in bytes, that the caller takes. */
  maxValueSize: number;
  /** The tasks, by ids of the caller. */
  body: string;
}

/** What became of some tasks of a caller. */
export interface Results {
  version: typeof VERSION;
  /** The host that ran them, and how many tasks it runs at a time. */
  host: string;
  slots: number;
  /** Of chunks that are done: how many tasks of that function the host got done in a millisecond. */
  rates: [chunk: string, rate: number][];
  /** Chunks that took several hosts down. */
  lost: string[];
  /** Chunks that could not be read, and why. */
  refused: [chunk: string, reason: string][];
  body: string;
}

/**
 * Who has sent a chunk, also one that cannot be read otherwise: that is whom to tell.
 *
 * @throws {@link ProtocolError}
 */
export function readSender(data: unknown): Pick<Chunk, 'caller' | 'lease'> {
  const { caller, lease } = Object(data) as Record<string, unknown>;
  check(isCaller(caller), 'no caller');
  check(isTime(lease) && lease > 0, 'no lease');
  return { caller: caller as string, lease: lease as number };
}

/**
 * @param maxBody - the most characters of the body.
 * @throws {@link ProtocolError}
 */
export function readChunk(data: unknown, maxBody: number): Chunk {
  const chunk = readVersion(data, 'tasks');
  readSender(data);
  const { module, fn, timeout, retries, maxValueSize, body } = chunk;
  check(isText(module, MAX_NAME), 'no module');
  check(isTraits(fn), 'no function');
  check(timeout === undefined || isTime(timeout), 'no time limit');
  check(retries === undefined || isCount(retries), 'no number of retries');
  check(isCount(maxValueSize), 'no size of results');
  checkBody(body, maxBody);
  return chunk as unknown as Chunk;
}

/** @throws {@link ProtocolError} */
export function readResults(data: unknown, maxBody: number): Results {
  const results = readVersion(data, 'results');
  const { host, slots, rates, lost, refused, body } = results;
  check(isText(host, MAX_NAME) && isCount(slots), 'no host');
  check(Array.isArray(rates) && rates.every((each) => isPair(each) && isNumber(each[1])), 'no rates');
  check(Array.isArray(lost) && lost.every((each) => isText(each, MAX_NAME)), 'no list of lost chunks');
  check(Array.isArray(refused) && refused.every((each) => isPair(each) && isText(each[1], 8 * MAX_NAME)), 'no reasons');
  checkBody(body, maxBody);
  return results as unknown as Results;
}

function readVersion(data: unknown, what: string): Record<string, unknown> {
  check(typeof data === 'object' && data !== null, `${what} are no object`);
  const { version } = data as Record<string, unknown>;
  check(
    version === VERSION,
    `${what} have version ${String(version)} and not ${VERSION}; run the same version of aiomultiprocess everywhere`,
  );
  return data as Record<string, unknown>;
}

function checkBody(body: unknown, maxBody: number): void {
  check(typeof body === 'string', 'no body');
  const { length } = body as string;
  check(length <= maxBody, `a body of ${length} characters, more than the ${maxBody} that maxValueSize allows`);
}

function isTraits(value: unknown): value is FunctionTraits {
  const { kind, name, ordinal, holders, closure, mayBeDefault, text } = Object(value) as Record<string, unknown>;
  if (typeof name !== 'string' || name.length > MAX_NAME) return false;
  if (kind === 'handle') return true;
  if (kind === 'task') return isCount(ordinal);
  const areHolders =
    Array.isArray(holders) && holders.length <= MAX_HOLDERS && holders.every((each) => isText(each, MAX_NAME));
  const areFlags = typeof closure === 'boolean' && typeof mayBeDefault === 'boolean';
  return kind === 'export' && areHolders && areFlags && isText(text, MAX_NAME);
}

function isPair(value: unknown): value is [string, unknown] {
  return Array.isArray(value) && value.length === 2 && isText(value[0], MAX_NAME);
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= longest;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** Milliseconds, as many as a timer takes: with more it would go off at once. */
function isTime(value: unknown): value is number {
  return isNumber(value) && value <= MAX_DELAY;
}

function check(isRight: boolean, reason: string): void {
  if (!isRight) throw new ProtocolError(`a job of the queue is not one of this package: ${reason}`);
}
