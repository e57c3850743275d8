import { Channel } from './ipc/channel.js';
import { ENDING, START, type StartOptions, type ToChild, type ToParent } from './ipc/messages.js';
import { registerProxies } from './manager/client/proxies.js';
import { readPipe } from './read-pipe.js';
import type { Child, Exit } from './spawn.js';
import { Deadline } from './util/deadline.js';

/** A pipe that stays open after its process is gone is waited for this long, in milliseconds. */
const MAX_CLOSING = 2000;

/** A child that is asked to end, or has closed the pipe, has this long to do so, in milliseconds. Then it is killed. */
const KILL_DELAY = 5000;

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
  #error: Error | undefined;
  #deadline: Deadline | undefined;
  #exited = false;
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
      this.channel.post([START, start]);
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
   * @param patience - it is killed if it does not notice within so many milliseconds, which a busy loop keeps it from;
   *   once it has noticed, it has {@link KILL_DELAY} to end.
   */
  end(patience = KILL_DELAY): void {
    this.channel.end();
    if (this.#isEnding || patience >= this.#patience) return;
    this.#patience = patience;
    this.#killAfter(patience);
  }

  #onEnding(): void {
    this.#isEnding = true;
    this.#killAfter(KILL_DELAY);
  }

  #killAfter(delay: number): void {
    if (this.#exited) return;
    this.#deadline?.clear();
    this.#deadline = new Deadline(delay, () => this.kill('SIGKILL'));
  }

  /** SIGTERM is followed by SIGKILL if the child does not end. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  async #waitForEnd(exited: Promise<Exit>, closed: Promise<void>): Promise<Exit> {
    const exit = await exited;
    this.#exited = true;
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
