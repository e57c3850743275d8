import { ProtocolError } from '../../errors.js';
import { MAX_HOST_STATE } from '../../observe/inspection.js';
import { MAX_DELAY } from '../../util/keep-alive.js';
import type { FunctionIdentity } from './function-identity.js';
import { isCaller } from './queue-names.js';

/**
 * The messages between callers and hosts, as the data of BullMQ's jobs.
 *
 * They are JSON; values of the program are in `body` (see `body.ts`). Anyone with access to the datastore can forge them,
 * so both sides validate every message with the functions below.
 */

/** Incremented with every incompatible change. */
export const VERSION = 3;

/** The maximum number of tasks in a chunk. */
export const MAX_CHUNK = 1000;
/** A chunk takes no further task once its arguments reach this size, nor a batch a further result, in bytes. */
export const CHUNK_BYTES = 256 * 1024;

/** The longest name of a module or function, in characters. */
const MAX_NAME = 1024;
const MAX_HOLDERS = 100;

/** Tasks that are sent together: calls of one function. */
export interface ChunkMessage {
  version: typeof VERSION;
  caller: string;
  /** What the keys of the tasks start with: the same in all sessions of a pool. */
  pool: string;
  /** How often the tasks may have run before. Default: 0. */
  runs?: number;
  /** The hosts that do not know the function. Default: none. */
  declined?: string[];
  /** How often a host has offered the chunk to others. */
  offers?: number;
  /** How long the caller counts as alive after a heartbeat, in milliseconds. */
  lease: number;
  /** The path of the module relative to the root, which both sides agree on, without its extension. */
  module: string;
  fn: FunctionIdentity;
  /** The time limit of each task, in milliseconds. Default: the host's. */
  timeout?: number;
  /** How often a failed task is retried. Default: the host's. */
  retries?: number;
  /** The size of the largest result that the caller accepts, in bytes. */
  maxValueSize: number;
  /** The tasks, under ids of the caller. */
  body: string;
}

/** A function to run once in each process of some hosts: a chunk of one task. */
export interface BroadcastMessage extends ChunkMessage {
  /** The names of the hosts. */
  hosts: string[];
}

/** What a host tells of itself when a caller asks. */
export interface HostReport {
  /** Tasks that it has taken and not finished. */
  running: number;
  done: number;
  failed: number;
  refused: number;
  /** Milliseconds since it started. */
  uptime: number;
  /** The broadcasts of the caller that it runs, by the ids of their tasks. Default: none. */
  broadcasts?: number[];
}

/** Results of tasks of a caller. */
export interface ResultsMessage {
  version: typeof VERSION;
  /** The name of the host that ran them. */
  host: string;
  /** How many tasks the host runs at a time. */
  slots: number;
  /** How long the datastore takes to answer the host, in milliseconds. */
  roundTrip: number;
  /** The answer to a caller that has asked. */
  about?: HostReport;
  /** The answer to a caller whose dashboard is open: the state of the host, which the dashboard checks. */
  state?: string;
  /** Finished chunks, and how long each of their tasks occupied a slot, in milliseconds. */
  times: [chunk: string, time: number][];
  /** Chunks whose hosts died repeatedly, and how many they were. */
  lost: [chunk: string, hosts: number][];
  /** Tasks that a closing host has not begun. The caller sends them again. */
  returned: number[];
  /** Chunks that the host rejected as invalid, and why. */
  refused: [chunk: string, reason: string][];
  body: string;
}

/**
 * Reads who sent a chunk. The rest of the message may be invalid: the rejection is sent to this caller.
 *
 * @throws {@link ProtocolError}
 */
export function readCaller(data: unknown): Pick<ChunkMessage, 'caller' | 'lease'> {
  const { caller, lease } = Object(data) as Record<string, unknown>;
  check(isCaller(caller), 'caller must be 32 hexadecimal digits');
  check(isTime(lease) && lease > 0, 'lease must be a positive number of milliseconds');
  return { caller: caller as string, lease: lease as number };
}

/**
 * @param maxBody - the maximum length of the body, in characters.
 * @throws {@link ProtocolError}
 */
export function readChunk(data: unknown, maxBody: number): ChunkMessage {
  const chunk = readVersion(data, 'tasks');
  readCaller(data);
  const { pool, runs, declined, offers, module, fn, timeout, retries, maxValueSize, body } = chunk;
  check(isCaller(pool), 'pool must be 32 hexadecimal digits');
  check(runs === undefined || isCount(runs), 'runs must be a non-negative integer');
  check(
    declined === undefined ||
      (Array.isArray(declined) && declined.length <= MAX_CHUNK && declined.every((each) => isText(each, MAX_NAME))),
    'declined must be names of hosts',
  );
  check(offers === undefined || isCount(offers), 'offers must be a non-negative integer');
  check(isText(module, MAX_NAME), `module must be a string of 1 to ${MAX_NAME} characters`);
  check(isIdentity(fn), 'fn must identify a function');
  check(timeout === undefined || isTime(timeout), 'timeout must be a number of milliseconds');
  check(retries === undefined || isCount(retries), 'retries must be a non-negative integer');
  check(isCount(maxValueSize), 'maxValueSize must be a non-negative integer');
  checkBody(body, maxBody);
  return chunk as unknown as ChunkMessage;
}

/**
 * @param maxBody - the maximum length of the body, in characters.
 * @throws {@link ProtocolError}
 */
export function readBroadcast(data: unknown, maxBody: number): BroadcastMessage {
  const chunk = readChunk(data, maxBody);
  const { hosts } = chunk as Partial<BroadcastMessage>;
  check(Array.isArray(hosts) && hosts.every((each) => isText(each, MAX_NAME)), 'hosts must be names of hosts');
  return chunk as BroadcastMessage;
}

/** @throws {@link ProtocolError} */
export function readResults(data: unknown, maxBody: number): ResultsMessage {
  const results = readVersion(data, 'results');
  const { host, slots, roundTrip, about, state, times, lost, returned, refused, body } = results;
  check(about === undefined || isReport(about), 'about must be numbers of a host');
  check(
    state === undefined || isText(state, MAX_HOST_STATE),
    `state must be a string of at most ${MAX_HOST_STATE} characters`,
  );
  check(isText(host, MAX_NAME), `host must be a string of 1 to ${MAX_NAME} characters`);
  check(isCount(slots), 'slots must be a non-negative integer');
  check(isTime(roundTrip), 'roundTrip must be a number of milliseconds');
  check(
    Array.isArray(times) && times.every((each) => isPair(each) && isNumber(each[1])),
    'times must be pairs of a chunk id and a number of milliseconds',
  );
  check(
    Array.isArray(lost) && lost.every((each) => isPair(each) && isCount(each[1])),
    'lost must be pairs of a chunk id and a number of hosts',
  );
  check(Array.isArray(returned) && returned.every(isCount), 'returned must be task ids');
  check(
    Array.isArray(refused) && refused.every((each) => isPair(each) && isText(each[1], 8 * MAX_NAME)),
    'refused must be pairs of a chunk id and a reason',
  );
  checkBody(body, maxBody);
  return results as unknown as ResultsMessage;
}

function readVersion(data: unknown, what: string): Record<string, unknown> {
  check(typeof data === 'object' && data !== null, `${what} must be an object`);
  const { version } = data as Record<string, unknown>;
  check(
    version === VERSION,
    `${what} have version ${String(version)}, expected ${VERSION}; run the same version of aiomultiprocess everywhere`,
  );
  return data as Record<string, unknown>;
}

function checkBody(body: unknown, maxBody: number): void {
  check(typeof body === 'string', 'body must be a string');
  const { length } = body as string;
  check(length <= maxBody, `body has ${length} characters; maxValueSize allows ${maxBody}`);
}

function isIdentity(value: unknown): value is FunctionIdentity {
  const { kind, name, ordinal, holders, closure, mayBeDefault, text } = Object(value) as Record<string, unknown>;
  if (typeof name !== 'string' || name.length > MAX_NAME) return false;
  if (kind === 'handle') return true;
  if (kind === 'task') return isCount(ordinal);
  const areHolders =
    Array.isArray(holders) && holders.length <= MAX_HOLDERS && holders.every((each) => isText(each, MAX_NAME));
  const areFlags = typeof closure === 'boolean' && typeof mayBeDefault === 'boolean';
  return kind === 'export' && areHolders && areFlags && isText(text, MAX_NAME);
}

function isReport(value: unknown): boolean {
  const { running, done, failed, refused, uptime, broadcasts = [] } = Object(value) as Record<string, unknown>;
  const areCounts = [running, done, failed, refused].every(isCount) && isNumber(uptime);
  return areCounts && Array.isArray(broadcasts) && broadcasts.every(isCount);
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

/** Milliseconds that a timer accepts: with a longer delay it fires at once. */
function isTime(value: unknown): value is number {
  return isNumber(value) && value <= MAX_DELAY;
}

function check(isValid: boolean, expected: string): void {
  if (!isValid) throw new ProtocolError(`received an invalid job: ${expected}`);
}
