import { HostLostError, ProtocolError } from '../../errors.js';
import type { Task } from '../../pool/task/task.js';
import { performance } from '../../util/clock.js';
import { isSettledWithin } from '../../util/settled-within.js';
import type { ResultsMessage } from '../wire/messages.js';
import type { OutgoingChunk, Session } from './session.js';
import type { ShardConnections } from './shard-connections.js';

/** How long hosts have to say that they are there, in milliseconds. */
const MAX_ANSWERING = 5000;
/** How often they are asked meanwhile, in milliseconds: one that is starting may not hear every question. */
const ASK_INTERVAL = 500;
/** How often hosts are asked in the time after which one that does not answer counts as lost. */
const CHECKS = 4;

/** What a {@link Broadcasts} needs of its pool. */
export interface BroadcastsHandler {
  readonly shards: Pick<ShardConnections, 'ready' | 'count' | 'session' | 'ask' | 'isAnswering'>;
  /** The time without an answer after which a host counts as lost, in milliseconds. */
  readonly maxSilence: number;
  succeed(task: Task, values: unknown[]): void;
  reject(task: Task, error: unknown): void;
  onNoHosts(): void;
  onError(error: Error): void;
}

/** The broadcasts that are not answered. */
export class Broadcasts {
  readonly #handler: BroadcastsHandler;
  /** By the ids of their tasks. */
  readonly #running = new Map<number, Broadcast>();

  constructor(handler: BroadcastsHandler) {
    this.#handler = handler;
  }

  start(task: Task, message: OutgoingChunk['message']): void {
    const broadcast = new Broadcast(task, message, this.#handler);
    this.#running.set(task.id, broadcast);
    void broadcast.run().finally(() => this.#running.delete(task.id));
  }

  get(task: number): Broadcast | undefined {
    return this.#running.get(task);
  }

  /** How many have not settled. */
  get count(): number {
    return [...this.#running.values()].filter(({ isSettled }) => !isSettled).length;
  }

  /** A host has sent something through a shard. */
  onMessage(message: ResultsMessage, shard: number): void {
    for (const broadcast of this.#running.values()) broadcast.onMessage(message, shard);
  }

  /**
   * Cancels broadcasts.
   *
   * @returns their tasks, and what has to be sent to the hosts before the connection is closed.
   */
  cancel(isWanted: (task: Task) => boolean): { tasks: Task[]; cancelling: Promise<unknown>[] } {
    const wanted = [...this.#running.values()].filter(({ isSettled, task }) => !isSettled && isWanted(task));
    return { tasks: wanted.map(({ task }) => task), cancelling: wanted.map((each) => each.cancel()) };
  }

  /** The pool has ended. */
  stop(): void {
    for (const broadcast of this.#running.values()) broadcast.stop();
  }
}

/** One broadcast: finds the hosts that are there, has each run the function, and collects their results. */
class Broadcast {
  readonly task: Task;
  readonly #message: OutgoingChunk['message'];
  readonly #handler: BroadcastsHandler;
  /** The hosts that have said that they are there, and the shard through which they did. */
  readonly #hosts = new Map<string, number>();
  /** The shards that were asked for the hosts that are connected, and their answers. */
  readonly #listed = new Set<number>();
  readonly #connected = new Map<number, string[]>();
  /** The hosts that have not answered, and when each last said that it runs the function. */
  readonly #waiting = new Map<string, number>();
  readonly #jobs: { session: Session; id: string }[] = [];
  readonly #values: unknown[] = [];
  #isSettled = false;
  #isStopped = false;
  #wake: () => void = () => {};

  constructor(task: Task, message: OutgoingChunk['message'], handler: BroadcastsHandler) {
    this.task = task;
    this.#message = message;
    this.#handler = handler;
  }

  /** Whether its caller has the outcome. Other hosts may still run it. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  async run(): Promise<void> {
    try {
      await this.#findHosts();
      if (this.#isStopped) return;
      if (this.#hosts.size === 0) this.#handler.onNoHosts();
      this.#send();
      await this.#waitForResults();
      if (this.#isStopped) return;
      this.#settle(() => this.#handler.succeed(this.task, this.#values));
      for (const { session, id } of this.#jobs) session.endBroadcast(id).catch(this.#handler.onError);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isStopped = true;
    }
  }

  #settle(settle: () => void): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    settle();
  }

  #fail(error: unknown): void {
    this.#settle(() => this.#handler.reject(this.task, error));
  }

  /** Asks until all hosts have answered that are connected, or for as long as they may take. */
  async #findHosts(): Promise<void> {
    const { shards, onError } = this.#handler;
    await shards.ready();
    const startedAt = performance.now();
    while (!this.#isStopped && performance.now() - startedAt < MAX_ANSWERING) {
      shards.ask().catch(onError);
      for (let shard = 0; shard < shards.count; shard++) void this.#listConnected(shard);
      await this.#waitFor(ASK_INTERVAL);
      if (this.#haveAllAnswered) return;
    }
  }

  /** A shard that is away answers late or never: then the other hosts have the whole time to answer. */
  async #listConnected(shard: number): Promise<void> {
    const session = this.#handler.shards.session(shard);
    if (session === undefined || this.#listed.has(shard)) return;
    this.#listed.add(shard);
    // Some providers of Redis do not list connections.
    this.#connected.set(shard, await session.listHosts().catch(() => []));
    if (this.#haveAllAnswered) this.#wake();
  }

  get #haveAllAnswered(): boolean {
    const names = [...this.#connected.values()].flat();
    if (names.length === 0 || this.#connected.size < this.#handler.shards.count) return false;
    const hosts = [...this.#hosts.keys()];
    return names.every((name) => hosts.some((host) => host.startsWith(name)));
  }

  #send(): void {
    for (const host of this.#hosts.keys()) this.#waiting.set(host, performance.now());
    for (const shard of new Set(this.#hosts.values())) {
      const hosts = [...this.#hosts.keys()].filter((host) => this.#hosts.get(host) === shard);
      const session = this.#handler.shards.session(shard);
      if (session === undefined) for (const host of hosts) this.#lose(host);
      else void this.#sendTo(session, hosts);
    }
  }

  async #sendTo(session: Session, hosts: string[]): Promise<void> {
    const id = session.nextId();
    this.#jobs.push({ session, id });
    try {
      await session.broadcast(id, { ...this.#message, hosts });
      if (this.#isStopped) await session.cancelBroadcast(id);
    } catch (error) {
      for (const host of hosts) this.fail(host, error);
    }
  }

  async #waitForResults(): Promise<void> {
    const { shards, maxSilence, onError } = this.#handler;
    const interval = maxSilence / CHECKS;
    while (!this.#isStopped && this.#waiting.size > 0) {
      const checkedAt = performance.now();
      if (await this.#waitFor(interval)) continue;
      const now = performance.now();
      // While the datastore is away hosts cannot answer, and while this process is suspended it cannot read.
      const isDeaf = !shards.isAnswering || now - checkedAt > 2 * interval;
      for (const [host, heardAt] of this.#waiting) {
        if (isDeaf) this.#waiting.set(host, now);
        else if (now - heardAt >= maxSilence) this.#lose(host);
      }
      shards.ask().catch(onError);
    }
  }

  /** Waits for {@link #wake}. @returns whether it was called in this time, in milliseconds. */
  #waitFor(time: number): Promise<boolean> {
    return isSettledWithin(new Promise<void>((resolve) => (this.#wake = resolve)), time);
  }

  onMessage({ host, about, refused }: ResultsMessage, shard: number): void {
    const refusal = refused.find(([id]) => this.#jobs.some((job) => job.id === id));
    if (refusal !== undefined) this.fail(host, new ProtocolError(`host ${host}: ${refusal[1]}`));
    if (about === undefined) return;
    if (this.#waiting.has(host)) {
      if (about.broadcasts?.includes(this.task.id)) this.#waiting.set(host, performance.now());
    } else if (!this.#hosts.has(host)) {
      this.#hosts.set(host, shard);
      if (this.#haveAllAnswered) this.#wake();
    }
  }

  /** A host has answered. It may do so twice, because the connection was lost. */
  succeed(host: string, values: unknown): void {
    if (!this.#waiting.has(host)) return;
    if (!Array.isArray(values)) return this.fail(host, new ProtocolError(`host ${host}: results must be an array`));
    this.#values.push(...values);
    this.#answered(host);
  }

  fail(host: string, error: unknown): void {
    if (!this.#waiting.has(host)) return;
    this.#fail(error);
    this.#answered(host);
  }

  #lose(host: string): void {
    this.fail(host, new HostLostError(this.task.name, host));
  }

  #answered(host: string): void {
    this.#waiting.delete(host);
    if (this.#waiting.size === 0) this.#wake();
  }

  /** @returns a promise that resolves when the hosts have been told. */
  async cancel(): Promise<void> {
    this.#isSettled = true;
    this.stop();
    await Promise.all(this.#jobs.map(({ session, id }) => session.cancelBroadcast(id))).catch(this.#handler.onError);
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }
}
