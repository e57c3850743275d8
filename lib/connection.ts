import { Channel } from './ipc/channel.js';
import { ENDING, GUARD, START, type StartOptions, type ToChild, type ToParent } from './ipc/messages.js';
import { registerProxies } from './manager/client/proxies.js';
import { readPipe } from './read-pipe.js';
import { type Child, type Exit, isRoot } from './spawn.js';
import { Deadline } from './util/deadline.js';

/** A pipe that stays open after its process is gone is waited for this long, in milliseconds. */
const MAX_CLOSING = 2000;

/** A child that is asked to end, or has closed the pipe, has this long to do so, in milliseconds. Then it is killed. */
export const KILL_DELAY = 5000;

/** What a {@link Connection} tells its owner. */
export interface ConnectionHandler {
  onMessages(messages: readonly ToParent[]): void;
  /** All that the last read has brought was handled. */
  onRead(): void;
  /** The pipe has taken everything after it was congested. */
  onDrain(): void;
}

/** A child process and the channel to it. They begin together, and have ended when both have. */
export class Connection {
  readonly channel: Channel<ToParent, ToChild>;
  /** How the child ended, after all that it had written was read; `error` also says which of its bytes were wrong. */
  readonly ended: Promise<Exit>;
  readonly #child: Child;
  readonly #lost: Promise<Exit>;
  #onLost!: (exit: Exit) => void;
  #isGuarded = false;
  #isLetGo = false;
  #error: Error | undefined;
  #deadline: Deadline | undefined;
  #exited = false;
  /** How long the child may take to end once it has noticed, in milliseconds. */
  #maxEnding: number | undefined;
  #patience = Number.POSITIVE_INFINITY;
  /** The child has noticed that it should end. */
  #isEnding = false;

  /**
   * Sends the child, which was just started, the first message.
   *
   * @throws {@link SerializationError} if what it should start with cannot travel; the child is killed then.
   */
  constructor(child: Child, start: StartOptions, handler: ConnectionHandler) {
    // A child may send objects of a manager of its own to a process that has none.
    registerProxies();
    this.#child = child;
    this.#lost = new Promise((resolve) => {
      this.#onLost = resolve;
    });
    const { pipe, exited } = this.#child;
    const socket = readPipe(pipe, () => this.channel, handler.onRead);
    this.channel = new Channel<ToParent, ToChild>(socket, {
      onMessages: (messages) => {
        if (messages.at(-1)?.[0] === ENDING) this.#onEnding();
        handler.onMessages(messages);
      },
      onDrain: handler.onDrain,
      onEnd: (error) => this.#onPipeEnd(error),
    });
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

  /**
   * Asks the child to end in order, by closing this side of the pipe: it reads what was sent before, and can still write.
   *
   * @param patience - it is killed if it does not notice within so many milliseconds, which a busy loop keeps it from.
   * @param maxEnding - how long it may take to end once it has noticed, in milliseconds.
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

  /** SIGTERM is followed by SIGKILL if the child does not end. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (!this.#child.kill(signal)) this.#letGo();
    else if (signal === 'SIGTERM') this.#killAfter(KILL_DELAY);
  }

  /**
   * If this process has dropped the rights to end the child, the child watches itself that its parent still wants it. To be
   * called before it is sent anything that could keep it busy.
   */
  readonly guard = (): void => {
    if (this.#child.guard === undefined || this.#isGuarded || isRoot()) return;
    this.#isGuarded = true;
    this.channel.post([GUARD]);
  };

  /** The child cannot be ended by this process: by its guard, or as soon as it notices that its pipe is closed. */
  #letGo(): void {
    if (this.#exited || this.#isLetGo) return;
    this.#isLetGo = true;
    this.channel.destroy();
    this.#child.guard?.destroy();
    this.#deadline?.clear();
    const error = new Error(`process ${this.pid} could not be ended: this program has changed its user`);
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
    return this.#error === undefined ? exit : { error: this.#error, ...exit };
  }

  #onPipeEnd(error: Error | undefined): void {
    this.#error = error;
    if (error !== undefined) this.kill('SIGKILL');
    else this.#killAfter(KILL_DELAY);
  }
}
