import { ProtocolError } from '../../errors.js';
import type { Channel } from '../../ipc/channel.js';
import {
  CANCEL,
  FAILURE,
  MAPPED,
  MEMORY,
  TASK,
  type TaskRun,
  type ToChild,
  type ToParent,
} from '../../protocol/messages.js';
import { MappedBlocks } from '../../shared-memory/mapped-blocks.js';
import { oncePerTick } from '../../util/once-per-tick.js';
import { NO_ANSWER } from '../protocol/methods.js';
import { type Client, MethodCall, WAITING } from './method-call.js';
import type { ObjectRegistry } from './object-registry.js';
import { Holds } from './release-on-disconnect.js';

/** A process connected to the server: runs its calls, and gives back what it holds when it disconnects. */
export class ConnectedClient implements Client {
  readonly holds = new Holds();
  /** Through which large values may travel, once the client offers it. */
  readonly memory = new MappedBlocks();
  readonly #objects: ObjectRegistry;
  readonly #isManager: boolean;
  readonly #getChannel: () => Channel<ToChild, ToParent>;
  readonly #waiting = new Map<number, MethodCall>();
  /** Calls that the current messages cancel. */
  readonly #cancelled = new Set<number>();
  /** Answers everything that one read brought with one write. */
  readonly #scheduleFlush = oncePerTick(() => this.#getChannel().flush());
  #isGone = false;

  /** @param isManager - whether it may create objects. */
  constructor(objects: ObjectRegistry, isManager: boolean, getChannel: () => Channel<ToChild, ToParent>) {
    this.#objects = objects;
    this.#isManager = isManager;
    this.#getChannel = getChannel;
  }

  /** @throws {@link ProtocolError} for a message that no client sends. */
  accept(messages: readonly ToChild[]): void {
    for (const message of messages) {
      switch (message[0]) {
        case TASK:
          this.#cancelAll();
          this.#runAll(message);
          break;
        case CANCEL:
          this.#cancelled.add(message[1]);
          break;
        case MEMORY:
          this.#getChannel().post([MAPPED, this.memory.open(message[1]) ? 1 : 0]);
          this.#scheduleFlush();
          break;
        default:
          throw new ProtocolError(`a client of a manager sent an unexpected message of kind ${message[0]}`);
      }
    }
    this.#cancelAll();
  }

  #runAll([, firstId, methodId, argLists]: TaskRun): void {
    if (!Number.isSafeInteger(firstId) || !Number.isSafeInteger(methodId) || firstId < 0 || methodId < 0) {
      throw new ProtocolError(
        `a client of a manager sent an invalid call: id ${String(firstId)}, method ${String(methodId)}`,
      );
    }
    for (let at = 0; at < argLists.length; at++) {
      const args: unknown = argLists[at];
      if (!Array.isArray(args)) throw new ProtocolError('a client of a manager sent arguments that are not an array');
      this.#run(new MethodCall(this, firstId + at), methodId, args);
    }
  }

  #run(call: MethodCall, methodId: number, args: readonly unknown[]): void {
    let value: unknown;
    try {
      value = this.#objects.run(methodId, call, args, this.#isManager);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.fail(call, error);
      return;
    }
    if (value !== WAITING) this.answer(call, value);
    else if (call.id !== NO_ANSWER) this.#waiting.set(call.id, call);
  }

  #cancelAll(): void {
    if (this.#cancelled.size === 0) return;
    for (const id of this.#cancelled) this.#waiting.get(id)?.cancel('cancelled', new Error('the call was cancelled'));
    this.holds.giveBackFrom(this.#cancelled);
    this.#cancelled.clear();
  }

  answer(call: MethodCall, value: unknown): void {
    this.#waiting.delete(call.id);
    if (this.#isGone || call.id === NO_ANSWER) return;
    try {
      this.#getChannel().postResult(call.id, value);
    } catch (error) {
      this.#getChannel().postError([FAILURE, call.id, error]);
    }
    this.#scheduleFlush();
  }

  fail(call: MethodCall, error: unknown): void {
    this.#waiting.delete(call.id);
    if (this.#isGone || call.id === NO_ANSWER) return;
    this.#getChannel().postError([FAILURE, call.id, error]);
    this.#scheduleFlush();
  }

  /** Its process died, or the connection closed. */
  disconnect(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.memory.close();
    // Waiting calls first: otherwise a lock that is given back would go to one of them.
    for (const call of [...this.#waiting.values()]) call.cancel('gone', new Error('the process disconnected'));
    this.holds.giveBackAll();
  }
}
