import type { ActionRequest } from '../snapshot.js';

/** The time until the next attempt to connect, in milliseconds. */
const RETRY_DELAY = 1000;

/** What a {@link Connection} reports. */
export interface ConnectionEvents {
  onOpen(): void;
  onEvent(name: string, data: unknown): void;
  /** The program has exited or is not reachable, or too many pages are open: the connection tries again. */
  onLost(isFull: boolean): void;
  /** The token is missing or wrong, or another answer says why: it does not try again. */
  onRefused(status: number, message: string): void;
}

/**
 * Reads the Server-Sent Events of the program. `EventSource` would do, but it cannot send the token in a header, and in the
 * address it would end up in logs.
 */
export class Connection {
  readonly #events: ConnectionEvents;
  #token: string;

  constructor(events: ConnectionEvents) {
    this.#events = events;
    this.#token = takeToken();
  }

  /** Uses another token, and connects. */
  set token(token: string) {
    this.#token = token;
    sessionStorage.setItem(TOKEN, token);
    void this.open();
  }

  /** Stays connected until it is refused. */
  async open(): Promise<void> {
    for (;;) {
      let isFull = false;
      try {
        const response = await fetch('events', { headers: this.#headers, cache: 'no-store' });
        if (!response.ok) {
          const message = await response.text();
          isFull = response.status === 503;
          if (!isFull) return this.#events.onRefused(response.status, message.trim());
        } else if (response.body !== null) {
          this.#events.onOpen();
          await this.#read(response.body);
        }
      } catch {
        // The browser tells no reason.
      }
      this.#events.onLost(isFull);
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY));
    }
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
    let text = '';
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      const events = text.split('\n\n');
      text = events.pop() as string;
      for (const event of events) this.#dispatch(event);
    }
  }

  #dispatch(event: string): void {
    const [, name, data] = /^event: (\w+)\ndata: (.*)$/s.exec(event) ?? [];
    if (name !== undefined && data !== undefined) this.#events.onEvent(name, JSON.parse(data));
  }

  /** @returns why it was not done, if it was not. */
  async act(request: ActionRequest): Promise<string | undefined> {
    try {
      const headers = { ...this.#headers, 'content-type': 'application/json' };
      const response = await fetch('actions', { method: 'POST', headers, body: JSON.stringify(request) });
      return response.ok ? undefined : (await response.text()).trim();
    } catch {
      return 'the program is not reachable';
    }
  }

  /** Has the browser save the trace of a pool. @returns why it was not done, if it was not. */
  async saveTrace(pool: string, name: string): Promise<string | undefined> {
    try {
      const response = await fetch(`trace?pool=${encodeURIComponent(pool)}`, { headers: this.#headers });
      if (!response.ok) return (await response.text()).trim();
      const address = URL.createObjectURL(await response.blob());
      const link = document.createElement('a');
      link.href = address;
      link.download = `${name}-trace.json`;
      link.click();
      URL.revokeObjectURL(address);
      return undefined;
    } catch {
      return 'the program is not reachable';
    }
  }

  get #headers(): Record<string, string> {
    return this.#token === '' ? {} : { authorization: `Bearer ${this.#token}` };
  }
}

const TOKEN = 'token';

/** Takes the token out of the address, so that it is not shown or copied, and keeps it while this tab is open. */
function takeToken(): string {
  const [, token] = /[#&]token=([\w-]+)/.exec(location.hash) ?? [];
  if (token === undefined) return sessionStorage.getItem(TOKEN) ?? '';
  sessionStorage.setItem(TOKEN, token);
  history.replaceState(null, '', location.pathname);
  return token;
}
