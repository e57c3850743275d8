import { type ProcessExit, ProcessExitError, type ProtocolError } from '../errors.js';
import { Channel } from '../ipc/channel.js';
import { ARGUMENTS } from '../ipc/codec.js';
import {
  ADDRESS,
  BOOT_FAILURE,
  FAILURE,
  FATAL,
  MAX_UNWRITTEN,
  PROGRESS,
  READY,
  RESULT,
  SHUTDOWN,
  START,
  type StartOptions,
  TASK,
  type ToChild,
  type ToParent,
} from '../ipc/messages.js';
import { type Child, type Exit, type SpawnOptions, spawnChild } from '../spawn.js';
import type { Address } from '../tasks/address.js';
import { Prefetch } from './prefetch.js';
import { ResponseQueue } from './response-queue.js';
import type { Task } from './task.js';

/** A pipe that stays open after its process is gone, or the other way round, is not waited for any longer. */
const MAX_ENDING = 2000;

/** What becomes of the tasks of a {@link PoolWorker}, and of itself. */
export interface PoolWorkerOwner {
  onReady(worker: PoolWorker): void;
  onResult(task: Task, value: unknown): void;
  onFailure(task: Task, error: unknown, worker: PoolWorker): void;
  /** A frame of answers was handled, or the pipe has room again: it may take more. */
  onRoom(worker: PoolWorker): void;
  onEnd(worker: PoolWorker, ending: Ending): void;
}

/** How a worker ended, and the tasks it leaves. */
export interface Ending {
  exit: Exit;
  /** Why, if the child or its bytes said so. */
  cause: unknown;
  /** Tasks that may have begun, and tasks that certainly have not; in the order in which they were sent. */
  begun: Task[];
  untouched: Task[];
}

/** The parent's view of one child of a pool: what it was sent, and how much more it can take. */
export class PoolWorker {
  readonly queueId: number;
  /** Whose tasks still run while this worker takes over from it. */
  predecessor: PoolWorker | undefined;
  state: 'booting' | 'ready' | 'draining' | 'ended' = 'booting';
  /** Tasks sent, succeeded and failed. */
  sent = 0;
  done = 0;
  failed = 0;
  /** The exception handler is no export: it is called on this side. */
  handlesErrors = true;

  readonly #owner: PoolWorkerOwner;
  readonly #child: Child;
  readonly #channel: Channel<ToParent, ToChild>;
  readonly #responses = new ResponseQueue();
  readonly #addresses = new Map<Address, number>();
  readonly #prefetch = new Prefetch();
  readonly #concurrency: number;
  readonly #maxTasks: number;
  readonly #pinned: Task[] = [];
  #cause: unknown;
  #abandoned = false;
  #ending: NodeJS.Timeout | undefined;

  constructor(owner: PoolWorkerOwner, queueId: number, spawn: SpawnOptions, start: StartOptions, maxTasks: number) {
    this.#owner = owner;
    this.queueId = queueId;
    this.#concurrency = start.concurrency;
    this.#maxTasks = maxTasks === 0 ? Number.POSITIVE_INFINITY : maxTasks;
    this.#child = spawnChild(spawn);
    const { socket, exited } = this.#child;
    this.#channel = this.#openChannel();
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    void exited.then(() => this.#limitEnding(() => socket.destroy()));
    void Promise.all([exited, closed]).then(([exit]) => this.#end(exit));
    try {
      this.#channel.post([START, start]);
      this.#channel.flush();
    } catch (error) {
      this.#child.kill('SIGKILL');
      throw error;
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Tasks that were sent and are not answered. */
  get inFlight(): number {
    return this.#responses.size;
  }

  /** It has been sent all the tasks that it may run. */
  get exhausted(): boolean {
    return this.sent >= this.#maxTasks;
  }

  /** Its pipe is full: what is sent now waits in this process. */
  get congested(): boolean {
    return this.#channel.congested;
  }

  /** How many more tasks it can take, if none should have more than `share`. */
  getRoom(share: number): number {
    if (this.state !== 'ready' || this.#channel.congested) return 0;
    const concurrency = this.#concurrency - (this.predecessor?.inFlight ?? 0);
    const window = Math.min(concurrency + this.#prefetch.size, share);
    return Math.min(window - this.inFlight, this.#maxTasks - this.sent);
  }

  /**
   * Sends a task with the next {@link flush}.
   *
   * @throws {@link SerializationError} if its arguments cannot travel; nothing is sent then.
   */
  send(task: Task): void {
    if (this.#responses.size === 0) this.#prefetch.start(performance.now());
    let address = this.#addresses.get(task.address);
    if (address === undefined) {
      address = this.#addresses.size;
      this.#channel.post([ADDRESS, address, task.address], 'address');
      this.#addresses.set(task.address, address);
    }
    this.#channel.post([TASK, task.id, address, task.args], ARGUMENTS);
    this.#responses.add(task);
    this.sent++;
  }

  /** Sends a task that no other worker may take, as soon as this one is ready. */
  pin(task: Task): void {
    this.#pinned.push(task);
    if (this.state === 'ready') this.#sendPinned();
  }

  #sendPinned(): void {
    for (const task of this.#pinned.splice(0)) {
      try {
        this.send(task);
      } catch (error) {
        this.#owner.onFailure(task, error, this);
      }
    }
    this.flush();
  }

  flush(): void {
    this.#channel.flush();
  }

  /** Takes no more tasks, and exits when those it has are answered. */
  drain(): void {
    if (this.state === 'ended') return;
    this.state = 'draining';
    this.#shutDownIfDone();
  }

  #shutDownIfDone(): void {
    if (this.state !== 'draining' || this.#responses.size > 0 || this.#pinned.length > 0) return;
    this.#channel.post([SHUTDOWN]);
    this.#channel.flush();
  }

  /** The tasks that are not answered; their answers, should they come, are dropped. */
  takeTasks(): Task[] {
    this.#abandoned = true;
    return [...this.#responses.takeAll(), ...this.#pinned.splice(0)];
  }

  /** SIGTERM, and SIGKILL after a while. */
  terminate(): void {
    this.#child.kill('SIGTERM');
  }

  #openChannel(): Channel<ToParent, ToChild> {
    const channel = new Channel<ToParent, ToChild>(this.#child.socket, {
      onMessages: (messages) => this.#receive(messages),
      onDrain: () => this.#owner.onRoom(this),
      onUnsendable: (message, error) => {
        if (message[0] === TASK) this.#owner.onFailure(this.#responses.take(message[1]), error, this);
      },
      onEnd: (error) => this.#onPipeEnd(error),
    });
    this.#child.socket.on('data', (chunk: Uint8Array) => channel.receive(chunk));
    return channel;
  }

  #receive(messages: readonly ToParent[]): void {
    if (this.#abandoned) return;
    let answers = 0;
    for (const message of messages) {
      switch (message[0]) {
        case RESULT:
          answers++;
          this.done++;
          this.#owner.onResult(this.#responses.take(message[1]), message[2]);
          break;
        case FAILURE:
          answers++;
          this.failed++;
          this.#owner.onFailure(this.#responses.take(message[1]), message[2], this);
          break;
        case PROGRESS: {
          const task = this.#responses.peek(message[1]);
          task?.sink.onProgress?.(message[2], task.index);
          break;
        }
        case READY:
          this.#onReady(message[1]);
          break;
        case BOOT_FAILURE:
        case FATAL:
          this.#cause = message[1];
          break;
      }
    }
    if (answers === 0) return;
    this.#prefetch.observe(answers, performance.now());
    this.#shutDownIfDone();
    this.#owner.onRoom(this);
  }

  #onReady(handlerFound: boolean): void {
    this.handlesErrors = handlerFound;
    if (this.state === 'booting') this.state = 'ready';
    this.#sendPinned();
    this.#owner.onReady(this);
  }

  #onPipeEnd(error: ProtocolError | undefined): void {
    if (error !== undefined) {
      this.#cause = error;
      this.#child.kill('SIGKILL');
    } else this.#limitEnding(() => this.#child.kill('SIGKILL'));
  }

  #limitEnding(end: () => void): void {
    if (this.#ending !== undefined || this.state === 'ended') return;
    this.#ending = setTimeout(end, MAX_ENDING).unref();
  }

  /** All the child has written was read: what is not answered now never will be. */
  #end(exit: Exit): void {
    clearTimeout(this.#ending);
    this.state = 'ended';
    const unanswered = this.#responses.takeAll();
    const begun = unanswered.splice(0, Math.max(MAX_UNWRITTEN, this.#concurrency));
    const untouched = [...unanswered, ...this.#pinned.splice(0)];
    this.#owner.onEnd(this, { exit, cause: exit.error ?? this.#cause, begun, untouched });
  }
}

/** The error of a task whose process ended before it answered. */
export function createExitError(name: string, worker: PoolWorker, { exit, cause }: Ending): ProcessExitError {
  const details: ProcessExit = { pid: worker.pid, exitCode: exit.exitCode, signal: exit.signal, mayHaveStarted: true };
  return new ProcessExitError(name, details, cause === undefined ? {} : { cause });
}
