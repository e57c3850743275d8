import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import type { Dashboard } from 'aiomultiprocess/dashboard';
import type { Increment, Snapshot } from '../../lib/dashboard/snapshot.ts';

/** What the server answers. */
export interface Answer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
}

/** Sends a request with exactly these headers. */
export function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body = '' }: { method?: string; headers?: NodeJS.Dict<string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers: headers as never }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
        // A stream of events does not end.
        if (path === '/events' && response.statusCode === 200) response.destroy();
      });
      response.on('error', () => {});
      response.on('close', () =>
        resolve({ status: response.statusCode as number, headers: response.headers, body: text }),
      );
    });
    sent.on('error', reject).end(body);
  });
}

/** Asks for an action as the page does. */
export function act({ port, token }: Dashboard, body: unknown, headers: NodeJS.Dict<string> = {}): Promise<Answer> {
  return ask(port, '/actions', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

/** A page: receives the events of a dashboard. */
export class Viewer {
  /** How many bytes it has received. */
  received = 0;
  readonly #request: ClientRequest;
  #response: IncomingMessage | undefined;
  #text = '';
  #snapshots: Snapshot[] = [];
  #increments: Increment[] = [];
  #wake = (): void => {};

  static async using<T>(
    dashboard: Pick<Dashboard, 'port' | 'token'>,
    body: (viewer: Viewer) => Promise<T>,
  ): Promise<T> {
    const viewer = new Viewer(dashboard);
    try {
      return await body(viewer);
    } finally {
      viewer.close();
    }
  }

  constructor({ port, token }: Pick<Dashboard, 'port' | 'token'>) {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#request = request({ host: '127.0.0.1', port, path: '/events', headers }, (response) => {
      this.#response = response;
      response.on('error', () => {});
      response.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    });
    this.#request.on('error', () => {}).end();
  }

  /** Reads nothing from now on. */
  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  close(): void {
    this.#request.destroy();
  }

  /** The first state that fulfils a condition. */
  async find(isWanted: (snapshot: Snapshot) => unknown): Promise<Snapshot> {
    for (;;) {
      const found = this.#snapshots.find(isWanted);
      if (found !== undefined) return found;
      this.#snapshots = [];
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** All increments so far. */
  get increments(): readonly Increment[] {
    return this.#increments;
  }

  #read(text: string): void {
    this.received += text.length;
    this.#text += text;
    const events = this.#text.split('\n\n');
    this.#text = events.pop() as string;
    for (const event of events) {
      const [, name, data] = /event: (\w+)\ndata: (.*)$/s.exec(event) ?? [];
      if (name === 'snapshot') this.#snapshots.push(JSON.parse(data as string) as Snapshot);
      if (name === 'increment') this.#increments.push(JSON.parse(data as string) as Increment);
    }
    this.#wake();
  }
}
