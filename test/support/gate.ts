import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/**
 * Holds tasks until the test releases them: a task that calls `waitAt(gate.port)` of test/fixtures/pool/gate.js reports its
 * process, and waits.
 */
export class Gate {
  /** The process of each task, in the order of arrival. */
  readonly arrivals: number[] = [];
  /** The highest number of tasks that waited at the same time. */
  peak = 0;

  readonly #server: Server;
  readonly #waiting: Socket[] = [];
  #open = false;
  #wake = (): void => {};

  static async create(): Promise<Gate> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Gate(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      socket.on('error', () => {});
      socket.once('data', (pid) => this.#arrive(socket, Number(pid)));
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves once this many tasks have arrived. */
  async arrived(count: number): Promise<void> {
    while (this.arrivals.length < count) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Releases the task that has waited longest. */
  letOne(): void {
    this.#waiting.shift()?.end();
  }

  /** Releases all tasks, including later arrivals. */
  open(): void {
    this.#open = true;
    while (this.#waiting.length > 0) this.letOne();
  }

  async close(): Promise<void> {
    this.open();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #arrive(socket: Socket, pid: number): void {
    this.arrivals.push(pid);
    this.#waiting.push(socket);
    this.peak = Math.max(this.peak, this.#waiting.length);
    socket.once('close', () => {
      const index = this.#waiting.indexOf(socket);
      if (index >= 0) this.#waiting.splice(index, 1);
    });
    if (this.#open) this.open();
    this.#wake();
  }
}

/** Runs the body with a gate of its own. */
export async function withGate<T>(body: (gate: Gate) => Promise<T>): Promise<T> {
  const gate = await Gate.create();
  try {
    return await body(gate);
  } finally {
    await gate.close();
  }
}
