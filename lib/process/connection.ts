import { Channel } from '../ipc/channel.js';
import { registerProxies } from '../manager/client/proxies.js';
import { ENDING, GUARD, START, type ToChild, type ToParent } from '../protocol/messages.js';
import type { StartOptions } from '../protocol/start-options.js';
import type { BlockSettings } from '../shared-memory/mapped-blocks.js';
import { createOfferedMemory } from '../shared-memory/offer-memory.js';
import { registerSharedMemory } from '../shared-memory/register.js';
import { Deadline } from '../util/deadline.js';
import { readPipe } from './read-pipe.js';
import { type Child, type Exit, isRoot } from './spawn.js';

/** How long to wait for a pipe that stays open after its process has exited, in milliseconds. */
const MAX_CLOSING = 2000;

/** The time until a child is killed that was asked to end, or closed the pipe, in milliseconds. */
export const KILL_DELAY = 5000;

/** The events of a {@link Connection}. */
export interface ConnectionHandler {
  onMessages(messages: readonly ToParent[]): void;
  /** All bytes of the last read were handled. */
  onRead(): void;
  /** The pipe accepted everything after it was congested. */
  onDrain(): void;
}

/** A child process and the channel to it. They start together; the connection has ended when both have. */
export class Connection {
  readonly channel: Channel<ToParent, ToChild>;
  /** How the child ended, once everything that it wrote was read; `error` is also set if its bytes were invalid. */
  readonly ended: Promise<Exit>;
  readonly #child: Child;
  readonly #memory = createOfferedMemory(() => this.channel);
  readonly #lost: Promise<Exit>;
  #onLost!: (exit: Exit) => void;
  #isGuarded = false;
  #isLetGo = false;
  #error: Error | undefined;
  #deadline: Deadline | undefined;
  #exited = false;
  /** How long the child may take to end once it has noticed the request, in milliseconds. */
  #maxEnding: number | undefined;
  #patience = Number.POSITIVE_INFINITY;
  /** The child has noticed the request to end. */
  #isEnding = false;

  /**
   * Sends the first message to a child that was just started.
   *
   * @throws {@link SerializationError} if its start options cannot be sent; the child is killed then.
   */
  constructor(child: Child, start: StartOptions, handler: ConnectionHandler) {
    // A child may send objects of a manager that it created to a process without managers.
    registerProxies();
    registerSharedMemory();
    this.#child = child;
    this.#lost = new Promise((resolve) => {
      this.#onLost = resolve;
    });
    const { pipe, exited } = this.#child;
    const socket = readPipe(pipe, () => this.channel, handler.onRead);
    this.channel = new Channel<ToParent, ToChild>(
      socket,
      {
        onMessages: (messages) => {
          if (messages.at(-1)?.[0] === ENDING) this.#onEnding();
          handler.onMessages(messages);
        },
        onDrain: handler.onDrain,
        onEnd: (error) => this.#onPipeEnd(error),
      },
      this.#memory,
    );
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    this.ended = this.#waitForEnd(exited, closed);
    try {
      this.channel.post([START, child.guard === undefined ? start : { ...start, guarded: true }]);
      this.channel.flush();
    } catch (error) {
      this.kill('SIGKILL');
      throw error;
    }
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The size of the values in shared memory that the child has not taken; `undefined` if it shares none. */
  get sharedBytes(): number | undefined {
    return this.#memory.isOpen ? this.#memory.used : undefined;
  }

  /** Large values may travel through shared memory from now on. The child must be ready. */
  shareMemory(settings: BlockSettings): void {
    this.#memory.configure(settings);
  }

  /** This process may keep views of the values that the child sends in shared memory, where the child lets it. */
  allowViews(): void {
    this.#memory.allowViews();
  }

  /** @throws {@link ProtocolError} if the child was not offered memory. */
  onMapped(isOpen: boolean): void {
    this.#memory.onOpened(isOpen);
  }

  /**
   * Asks the child to end in order, by closing this side of the pipe: it reads the messages before that, and can still
   * write.
   *
   * @param patience - it is killed if it does not notice the request within this time, in a busy loop for instance, in
   * milliseconds.
   * @param maxEnding - how long it may take to end once it has noticed the request, in milliseconds.
   */
  end(patience = KILL_DELAY, maxEnding = KILL_DELAY): void {
    this.channel.end();
    if (this.#maxEnding === undefined || maxEnding < this.#maxEnding) {
      this.#maxEnding = maxEnding;
      if (this.#isEnding) this.#killAfter(maxEnding);
    }
    if (this.#isEnding || patience >= this.#patience) return;
    this.#patience = patience;
    this.#killAfter(patience);
  }

  #onEnding(): void {
    this.#isEnding = true;
    this.#killAfter(this.#maxEnding ?? KILL_DELAY);
  }

  #killAfter(delay: number): void {
    if (this.#exited || this.#isLetGo) return;
    this.#deadline?.clear();
    this.#deadline = new Deadline(delay, () => this.kill('SIGKILL'));
  }

  /** SIGKILL follows SIGTERM if the child does not end. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (!this.#child.kill(signal)) this.#letGo();
    else if (signal === 'SIGTERM') this.#killAfter(KILL_DELAY);
  }

  /**
   * If this process has dropped the permission to end the child, tells the child to watch for the end of its parent
   * itself. Must precede messages that could keep the child busy.
   */
  readonly guard = (): void => {
    if (this.#child.guard === undefined || this.#isGuarded || isRoot()) return;
    this.#isGuarded = true;
    this.channel.post([GUARD]);
  };

  /**
   * Closes everything to a child that this process may not signal: it ends through its guard, or when it notices that
   * its pipe is closed.
   */
  #letGo(): void {
    if (this.#exited || this.#isLetGo) return;
    this.#isLetGo = true;
    this.channel.destroy();
    this.#child.guard?.destroy();
    this.#deadline?.clear();
    const error = new Error(`process ${this.pid} cannot be ended: this program has changed its user`);
    this.#deadline = new Deadline(MAX_CLOSING, () => this.#onLost({ exitCode: null, signal: null, error }));
  }

  async #waitForEnd(exited: Promise<Exit>, closed: Promise<void>): Promise<Exit> {
    const exit = await Promise.race([exited, this.#lost]);
    this.#exited = true;
    this.#child.guard?.destroy();
    this.#deadline?.clear();
    this.#deadline = new Deadline(MAX_CLOSING, () => this.channel.destroy());
    await closed;
    this.#deadline.clear();
    this.#memory.close();
    return this.#error === undefined ? exit : { error: this.#error, ...exit };
  }

  #onPipeEnd(error: Error | undefined): void {
    this.#error = error;
    if (error !== undefined) this.kill('SIGKILL');
    else this.#killAfter(KILL_DELAY);
  }
}
