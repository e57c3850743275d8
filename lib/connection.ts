import { Channel } from './ipc/channel.js';
import { START, type StartOptions, type ToChild, type ToParent } from './ipc/messages.js';
import { registerProxies } from './manager/client/proxies.js';
import { readPipe } from './read-pipe.js';
import type { Child, Exit } from './spawn.js';

/** A pipe that stays open after its process is gone, or the other way round, is not waited for any longer. */
const MAX_ENDING = 2000;

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
  #timer: NodeJS.Timeout | undefined;
  #exited = false;

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
      onMessages: handler.onMessages,
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

  /** SIGTERM is followed by SIGKILL if the child does not end. */
  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  async #waitForEnd(exited: Promise<Exit>, closed: Promise<void>): Promise<Exit> {
    const exit = await exited;
    this.#exited = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.channel.destroy(), MAX_ENDING).unref();
    await closed;
    clearTimeout(this.#timer);
    return this.#error === undefined ? exit : { error: this.#error, ...exit };
  }

  #onPipeEnd(error: Error | undefined): void {
    this.#error = error;
    if (error !== undefined) this.kill('SIGKILL');
    else if (!this.#exited) this.#timer = setTimeout(() => this.kill('SIGKILL'), MAX_ENDING).unref();
  }
}
