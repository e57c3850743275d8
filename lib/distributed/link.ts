import { QueueError } from '../errors.js';
import { Datastore, type DatastoreOptions, isSettledWithin } from './datastore.js';
import { Session, type SessionOptions, type SessionOwner } from './session.js';

/** A lost datastore may delay the end by so many milliseconds. */
const MAX_FAREWELL = 2000;

/** What a {@link Link} tells. */
export interface LinkOwner extends SessionOwner {
  /** Chunks can be sent. */
  onReady(): void;
  /** It could not be opened. The next {@link Link.open} tries again. */
  onFailed(error: unknown): void;
}

/** The way of a caller to its hosts: a connection to the datastore, and the session in which they know it. */
export class Link {
  readonly #options: DatastoreOptions & SessionOptions;
  readonly #owner: LinkOwner;
  #store: Promise<Datastore> | undefined;
  #session: Session | undefined;
  #isLeft = false;

  constructor(options: DatastoreOptions & SessionOptions, owner: LinkOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  /** There while chunks can be sent. */
  get session(): Session | undefined {
    return this.#session?.isReady === true ? this.#session : undefined;
  }

  /** Begins to connect, if that was not done before. */
  open(): void {
    this.#open().catch((error: unknown) => this.#fail(error));
  }

  /** Connects, and waits until the datastore answers. */
  async ready(): Promise<void> {
    const store = await this.#open();
    await store.ready();
  }

  #open(): Promise<Datastore> {
    this.#store ??= this.#connect();
    return this.#store;
  }

  async #connect(): Promise<Datastore> {
    const store = await Datastore.open(this.#options, this.#owner.onError);
    this.#startSession(store);
    return store;
  }

  #startSession(store: Datastore): void {
    const session = new Session(store, this.#options, {
      onResults: (results) => this.#owner.onResults(results),
      onError: this.#owner.onError,
      onLost: () => {
        this.#owner.onLost();
        // Under another name: the old one is dead to the hosts.
        if (!this.#isLeft) this.#startSession(store);
      },
    });
    this.#session = session;
    session.start().then(
      () => this.#owner.onReady(),
      (cause: unknown) => this.#fail(new QueueError(`the datastore was not usable: ${String(cause)}`, { cause })),
    );
  }

  #fail(error: unknown): void {
    const store = this.#store;
    this.#store = undefined;
    this.#session = undefined;
    store?.then(
      (opened) => opened.close(),
      () => {},
    );
    this.#owner.onFailed(error);
  }

  /**
   * Leaves nothing behind in the datastore, and closes the connection.
   *
   * @param farewell - what the hosts must be told before.
   */
  async leave(farewell: Promise<void> | undefined): Promise<void> {
    this.#isLeft = true;
    this.#session?.abandon();
    const store = await this.#store?.catch(() => undefined);
    if (store === undefined) return;
    const end = async () => {
      await farewell;
      await this.#session?.end();
    };
    await isSettledWithin(
      end().catch(() => undefined),
      MAX_FAREWELL,
    );
    await store.close();
  }
}
