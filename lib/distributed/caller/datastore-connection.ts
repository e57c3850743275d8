import { QueueError } from '../../errors.js';
import { clearInterval, performance, setInterval } from '../../util/clock.js';
import { isSettledWithin } from '../../util/settled-within.js';
import { Datastore, type DatastoreOptions } from '../wire/datastore.js';
import { Session, type SessionHandler, type SessionOptions } from './session.js';

/** How long the end of a session may take, in milliseconds: its datastore may be far away, or not answer at all. */
const MAX_ENDING = 3000;

/** Called by a {@link DatastoreConnection}. */
export interface ConnectionHandler extends SessionHandler {
  /** The connection is open: chunks can be sent. */
  onReady(): void;
  /** Opening failed. The next {@link DatastoreConnection.open} tries again. */
  onFailed(error: unknown): void;
  /** This machine's clock is ahead of the datastore's by this many milliseconds, or behind if negative. */
  onSkew(skew: number): void;
}

/** How often the datastore is checked in the time that a caller waits for it. */
const CHECKS = 10;

/** The connection of a distributed pool to the datastore, and its current session there. */
export class DatastoreConnection {
  readonly #options: DatastoreOptions & SessionOptions;
  readonly #handler: ConnectionHandler;
  #store: Promise<Datastore> | undefined;
  #opened: Datastore | undefined;
  #session: Session | undefined;
  /** The sessions whose leases expired. Hosts may still have sent results to them. */
  readonly #lost: Session[] = [];
  #watch: NodeJS.Timeout | undefined;
  #isClosing = false;

  constructor(options: DatastoreOptions & SessionOptions, handler: ConnectionHandler) {
    this.#options = options;
    this.#handler = handler;
  }

  /** The session, while chunks can be sent. */
  get session(): Session | undefined {
    return this.#session?.isReady === true ? this.#session : undefined;
  }

  /** Whether the datastore answers. */
  get isAnswering(): boolean {
    return this.#opened?.state === 'ready';
  }

  /** Whether the datastore has not answered for so long that hosts may consider this caller dead. */
  get isSilent(): boolean {
    const { leaseDuration, heartbeatTimeout } = this.#options;
    const answeredAt = this.#opened?.answeredAt ?? Number.NEGATIVE_INFINITY;
    return performance.now() - answeredAt > Math.max(leaseDuration, heartbeatTimeout);
  }

  /** Gives the session up: what was sent is lost. Another one starts as soon as the datastore answers. */
  restart(): void {
    const { session } = this;
    if (session === undefined || this.#opened === undefined) return;
    session.stop();
    this.#onLost(this.#opened, session);
  }

  /** Starts to connect, unless it was started before. */
  open(): void {
    this.#open().catch((error: unknown) => this.fail(error));
  }

  /** Connects, and waits until the datastore answers. */
  async ready(): Promise<void> {
    await this.#open();
    await this.#session?.start();
  }

  #open(): Promise<Datastore> {
    this.#store ??= this.#connect();
    return this.#store;
  }

  async #connect(): Promise<Datastore> {
    const store = await Datastore.open(this.#options, this.#handler);
    this.#opened = store;
    this.#startSession(store);
    return store;
  }

  #onLost(store: Datastore, session: Session): void {
    this.#lost.push(session);
    this.#handler.onLost();
    // What hosts still send to it must not stay in the datastore.
    session.end().catch(this.#handler.onError);
    // With a new caller id: hosts consider the old one dead.
    if (!this.#isClosing) this.#startSession(store);
  }

  #startSession(store: Datastore): void {
    const session = new Session(store, this.#options, {
      onResults: (results) => this.#handler.onResults(results),
      onError: this.#handler.onError,
      countUnsent: () => this.#handler.countUnsent(),
      onLost: () => this.#onLost(store, session),
    });
    this.#session = session;
    session.start().then(
      () => {
        this.#watchForOutage();
        this.#handler.onReady();
      },
      (error: unknown) => this.fail(error),
    );
  }

  /** Gives up when the datastore has been away for too long. */
  #watchForOutage(): void {
    const { datastoreTimeout } = this.#options;
    this.#watch ??= setInterval(() => {
      if (this.#session?.isAway !== true) return;
      this.fail(
        new QueueError(`the datastore has not answered for ${datastoreTimeout / 1000} s (option "datastoreTimeout")`),
      );
    }, datastoreTimeout / CHECKS).unref();
  }

  #stopWatch(): void {
    clearInterval(this.#watch);
    this.#watch = undefined;
  }

  /** Closes the connection because of an error that waiting has not ended. The next {@link open} connects again. */
  fail(error: unknown): void {
    this.#stopWatch();
    this.#session?.stop();
    const store = this.#store;
    this.#store = undefined;
    this.#opened = undefined;
    this.#session = undefined;
    store?.then(
      (opened) => opened.close(),
      () => {},
    );
    this.#handler.onFailed(error);
  }

  /**
   * Removes the session from the datastore, and closes the connection.
   *
   * @param pending - a message to the hosts that must be sent before.
   */
  async close(pending: Promise<unknown> | undefined): Promise<void> {
    this.#isClosing = true;
    this.#stopWatch();
    this.#session?.stop();
    const store = await this.#store?.catch(() => undefined);
    if (store === undefined) return;
    const end = async () => {
      await pending;
      await Promise.all([...this.#lost, this.#session].map((session) => session?.end()));
    };
    await isSettledWithin(
      end().catch(() => undefined),
      MAX_ENDING,
    );
    await store.close();
  }
}
