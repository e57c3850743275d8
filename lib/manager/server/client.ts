import { ProtocolError } from '../../errors.js';
import type { Channel } from '../../ipc/channel.js';
import { CANCEL, FAILURE, TASK, type TaskRun, type ToChild, type ToParent } from '../../ipc/messages.js';
import { nextTick } from '../../util/clock.js';
import { Call, type Hold, type Owner, WAITING } from './call.js';
import type { Objects } from './objects.js';

/** A call without an answer. */
const NO_ANSWER = 0;

/** A process that uses the objects: its calls, and what it holds. */
export class Client implements Owner {
  readonly holds = new Set<Hold>();
  readonly #objects: Objects;
  readonly #isManager: boolean;
  readonly #getChannel: () => Channel<ToChild, ToParent>;
  readonly #waiting = new Map<number, Call>();
  /** The calls that the last messages give up. */
  readonly #cancelled = new Set<number>();
  #isFlushing = false;
  #isGone = false;

  /** @param isManager - whether it may make objects. */
  constructor(objects: Objects, isManager: boolean, getChannel: () => Channel<ToChild, ToParent>) {
    this.#objects = objects;
    this.#isManager = isManager;
    this.#getChannel = getChannel;
  }

  /** @throws {@link ProtocolError} for what no client sends. */
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
        default:
          throw new ProtocolError(`a client of a manager sent a message of kind ${message[0]}`);
      }
    }
    this.#cancelAll();
  }

  #runAll([, firstId, address, argLists]: TaskRun): void {
    if (!Number.isSafeInteger(firstId) || !Number.isSafeInteger(address) || firstId < 0 || address < 0) {
      throw new ProtocolError(`no call has the id ${String(firstId)} and the address ${String(address)}`);
    }
    for (let at = 0; at < argLists.length; at++) {
      const args: unknown = argLists[at];
      if (!Array.isArray(args)) throw new ProtocolError('the arguments of a call are no list');
      this.#run(new Call(this, firstId + at), address, args);
    }
  }

  #run(call: Call, address: number, args: readonly unknown[]): void {
    let value: unknown;
    try {
      value = this.#objects.run(address, call, args, this.#isManager);
    } catch (error) {
      if (error instanceof ProtocolError) throw error;
      this.fail(call, error);
      return;
    }
    if (value !== WAITING) this.answer(call, value);
    else if (call.id !== NO_ANSWER) this.#waiting.set(call.id, call);
  }

  /** Answers may be on their way already: then nobody will take what they bring. */
  #cancelAll(): void {
    if (this.#cancelled.size === 0) return;
    for (const id of this.#cancelled) this.#waiting.get(id)?.giveUp('cancelled', new Error('the call was given up'));
    giveBack([...this.holds].filter(({ callId }) => callId !== undefined && this.#cancelled.has(callId)));
    this.#cancelled.clear();
  }

  answer(call: Call, value: unknown): void {
    this.#waiting.delete(call.id);
    if (this.#isGone || call.id === NO_ANSWER) return;
    try {
      this.#getChannel().postResult(call.id, value);
    } catch (error) {
      this.#getChannel().postError([FAILURE, call.id, error]);
    }
    this.#scheduleFlush();
  }

  fail(call: Call, error: unknown): void {
    this.#waiting.delete(call.id);
    if (this.#isGone || call.id === NO_ANSWER) return;
    this.#getChannel().postError([FAILURE, call.id, error]);
    this.#scheduleFlush();
  }

  /** What one read has brought is answered by one write. */
  #scheduleFlush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    nextTick(this.#flush);
  }

  readonly #flush = (): void => {
    this.#isFlushing = false;
    this.#getChannel().flush();
  };

  /** The process is gone, or its connection: gives back what it holds. */
  leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    // First what waits, or a lock that is given back would go to it.
    for (const call of [...this.#waiting.values()]) call.giveUp('gone', new Error('the process is gone'));
    giveBack([...this.holds]);
  }
}

/** Nobody gets anything before all of it is in its old order. */
function giveBack(holds: readonly Hold[]): void {
  for (const hold of holds.toReversed()) hold.giveBack();
  for (const hold of holds) hold.serve();
}
