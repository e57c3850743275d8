import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../datastores.ts';
import { withFolder } from '../folder.ts';
import { HostProcess, skewClock } from '../hosts.ts';
import type { TestServer } from '../servers.ts';
import { TcpProxy } from '../tcp-proxy.ts';
import { CallerProcess } from './caller.ts';

/** One row of the matrix: what happens to a distributed pool while it runs tasks. */
export interface Fault {
  name: string;
  /** Default: 2. */
  hosts?: number;
  /** Default: 1. */
  callers?: number;
  /** The tasks of all callers, at full scale. Default: {@link TASKS}. */
  tasks?: number;
  /** Added to each round trip to the datastore, in milliseconds. */
  roundTrip?: number;
  /** How wrong the clock of each host is, and of each caller, in milliseconds. */
  hostClocks?: number[];
  callerClocks?: number[];
  /** Called when a quarter of the tasks of the first caller have ended. */
  inject?(run: FaultRun): Promise<unknown>;
}

/** What has come of the tasks. */
export interface FaultOutcome {
  sent: number;
  right: number;
  wrong: number;
  /** Tasks that rejected. */
  failed: number;
  /** Results that a caller got a second time. */
  twice: number;
  /** Tasks that ran more than once. */
  repeated: number;
  /** Until the last result. */
  seconds: number;
  /** What is in the datastore one lease after the last caller has exited. */
  left: string[];
  /** Whether every caller has exited by itself. */
  ended: boolean;
  errors: string[];
}

const TASKS = 3000;
/** The time of a task, in milliseconds. */
const TASK_TIME = 20;
/** The lease of the callers, and the lock of the hosts, in milliseconds. */
const LEASE = 2000;
const LOCK = 1000;
/** The time within which a silent connection is noticed, in milliseconds. */
const HEARTBEAT = 3000;
/** Time for the callers to end after the fault, in milliseconds: for the slowest machine, and to detect one that hangs. */
const MAX_TIME = 60_000;
/** After the lease has expired, a host may need this time to remove what a caller left, in milliseconds. */
const MAX_REMOVAL = 3000;

export interface FaultSettings {
  /** The part of the tasks that is sent: 1 for all. */
  scale: number;
  /** How many times as long everything may take on a busy machine. */
  patience: number;
}

/** A datastore, hosts and callers, each in its own process, for one fault. */
export class FaultRun {
  readonly server: TestServer;
  readonly store: Store;
  readonly hosts: HostProcess[] = [];
  readonly callers: CallerProcess[] = [];
  /** The networks of the first host and of the first caller. */
  readonly hostNetwork: TcpProxy;
  readonly callerNetwork: TcpProxy;
  /** The lease of the callers, and the lock of the hosts, in milliseconds. */
  readonly lease: number;
  readonly lock: number;
  readonly #fault: Fault;
  readonly #patience: number;
  readonly #heartbeat: number;
  readonly #file: string;
  readonly #tasks: number;

  static async start(fault: Fault, store: Store, settings: FaultSettings): Promise<FaultOutcome> {
    const server = await store.start();
    const hostNetwork = await TcpProxy.start(server.url, fault.roundTrip);
    const callerNetwork = await TcpProxy.start(server.url, fault.roundTrip);
    try {
      return await withFolder(async (folder) => {
        const file = join(folder, 'runs');
        return new FaultRun(fault, store, server, hostNetwork, callerNetwork, file, settings).#run();
      });
    } finally {
      await Promise.all([hostNetwork.close(), callerNetwork.close()]);
      await server.remove();
    }
  }

  private constructor(
    fault: Fault,
    store: Store,
    server: TestServer,
    hostNetwork: TcpProxy,
    callerNetwork: TcpProxy,
    file: string,
    { scale, patience }: FaultSettings,
  ) {
    this.lease = LEASE * patience;
    this.lock = LOCK * patience;
    this.#patience = patience;
    this.#heartbeat = HEARTBEAT * patience;
    this.#fault = fault;
    this.store = store;
    this.server = server;
    this.hostNetwork = hostNetwork;
    this.callerNetwork = callerNetwork;
    this.#file = file;
    this.#tasks = Math.ceil(((fault.tasks ?? TASKS) * scale) / (fault.callers ?? 1));
  }

  async startHost(): Promise<HostProcess> {
    const index = this.hosts.length;
    const skew = this.#fault.hostClocks?.[index];
    const isProxied = index === 0 || this.#fault.roundTrip !== undefined;
    const url = isProxied ? this.hostNetwork.url : this.server.url;
    const args = ['--lock-duration', `${this.lock}ms`, '--heartbeat-timeout', `${this.#heartbeat}ms`];
    const host = new HostProcess('faults', url, args, undefined, skew === undefined ? [] : skewClock(skew));
    this.hosts.push(host);
    await host.ready();
    return host;
  }

  #startCaller(index: number): void {
    const skew = this.#fault.callerClocks?.[index];
    const isProxied = index === 0 || this.#fault.roundTrip !== undefined;
    const connection = isProxied ? this.callerNetwork.url : this.server.url;
    const order = {
      options: { queue: 'faults', connection, leaseDuration: this.lease, heartbeatTimeout: this.#heartbeat },
      name: `caller-${index}`,
      tasks: this.#tasks,
      milliseconds: TASK_TIME,
      file: this.#file,
    };
    this.callers.push(new CallerProcess(order, skew === undefined ? [] : skewClock(skew)));
  }

  async #run(): Promise<FaultOutcome> {
    const { hosts = 2, callers = 1, inject } = this.#fault;
    try {
      await Promise.all(Array.from({ length: hosts }, () => this.startHost()));
      for (let index = 0; index < callers; index++) this.#startCaller(index);
      const ended = Promise.all(this.callers.map(({ exited }) => exited));
      const isInTime = await Promise.race([
        this.#injectThen(inject, ended),
        sleep(MAX_TIME * this.#patience, false as const, { ref: false }),
      ]);
      const left = isInTime ? await this.#lookLater() : await this.store.look(this.server.url, 'faults');
      return this.#count(isInTime, left);
    } finally {
      for (const caller of this.callers) caller.kill();
      // Also processes that are suspended.
      await Promise.all(this.hosts.map((host) => host.end('SIGKILL')));
    }
  }

  async #injectThen(inject: Fault['inject'], ended: Promise<unknown>): Promise<true> {
    await this.callers[0]?.reached(1 / 4);
    await inject?.(this);
    await ended;
    return true;
  }

  /** What is left of the callers once their leases must have expired. */
  async #lookLater(): Promise<string[]> {
    const deadline = performance.now() + this.lease + MAX_REMOVAL * this.#patience;
    for (;;) {
      const left = await this.store.look(this.server.url, 'faults');
      if (left.length === 0 || performance.now() > deadline) return left;
      await sleep(100);
    }
  }

  #count(ended: boolean, left: string[]): FaultOutcome {
    const sum = (name: 'right' | 'wrong' | 'failed' | 'twice') =>
      this.callers.reduce((total, { counts }) => total + counts[name], 0);
    const runs = new Map<string, number>();
    for (const line of readFileSync(this.#file, 'utf8').split('\n').filter(Boolean)) {
      runs.set(line, (runs.get(line) ?? 0) + 1);
    }
    return {
      sent: this.#tasks * this.callers.length,
      right: sum('right'),
      wrong: sum('wrong'),
      failed: sum('failed'),
      twice: sum('twice'),
      repeated: [...runs.values()].filter((count) => count > 1).length,
      seconds: Math.max(...this.callers.map(({ counts }) => counts.seconds ?? (MAX_TIME * this.#patience) / 1000)),
      left,
      ended,
      errors: this.callers.flatMap(({ counts }) => counts.errors ?? []),
    };
  }
}
