import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, FaultRun } from './fault-run.ts';

/** Long enough for the locks of a host to expire, and for another host to take over its jobs. */
const BEYOND_LOCK = 3;
/** Long enough for the lease of a caller to expire, and for a host to remove its data. */
const BEYOND_LEASE = 2.5;

/** The rows of the matrix. */
export const FAULTS: readonly Fault[] = [
  { name: 'nothing' },
  {
    name: 'each host in turn is killed (SIGKILL) and replaced',
    inject: (run) =>
      forEachHost(run, async (host) => {
        await host.end('SIGKILL');
        await run.startHost();
      }),
  },
  {
    name: 'each host in turn is replaced, then ended (SIGTERM)',
    inject: (run) =>
      forEachHost(run, async (host) => {
        await run.startHost();
        await host.end('SIGTERM');
      }),
  },
  {
    name: 'a host is suspended (SIGSTOP) beyond its lock',
    inject: async ({ hosts: [host], lock }) => host?.suspend(BEYOND_LOCK * lock),
  },
  {
    name: 'the datastore is killed, and started again after a second',
    inject: async ({ server }) => {
      await server.kill();
      await sleep(1000);
      await server.start();
    },
  },
  {
    name: 'the datastore is restarted in order',
    inject: async ({ server, store }) => {
      // SIGINT ends PostgreSQL without waiting for its clients.
      await server.kill(store.name === 'Redis' ? 'SIGTERM' : 'SIGINT');
      await server.start();
    },
  },
  {
    name: 'the datastore is killed, and started again without its data',
    inject: async ({ server }) => {
      await server.kill();
      server.wipe();
      await server.start();
    },
  },
  {
    name: 'the datastore is frozen beyond locks and leases',
    inject: async ({ server, lease }) => {
      server.freeze();
      await sleep(BEYOND_LEASE * lease);
      server.thaw();
    },
  },
  {
    name: 'the datastore is out of memory (PostgreSQL: read-only) beyond a lease',
    inject: async ({ server, store, lease }) => {
      await store.refuseWrites(server.url);
      await sleep(BEYOND_LEASE * lease);
      await store.acceptWrites(server.url);
    },
  },
  {
    name: 'all data is deleted (FLUSHALL, TRUNCATE)',
    inject: ({ server, store }) => store.flush(server.url),
  },
  {
    name: 'a host is cut off beyond its lock',
    inject: async ({ hostNetwork, lock }) => {
      hostNetwork.partition();
      await sleep(BEYOND_LOCK * lock);
      hostNetwork.heal();
    },
  },
  {
    name: 'the caller is cut off beyond its lease',
    inject: async ({ callerNetwork, lease }) => {
      callerNetwork.partition();
      await sleep(BEYOND_LEASE * lease);
      callerNetwork.heal();
    },
  },
  {
    name: 'the connections of a host and of the caller are reset',
    inject: async ({ hostNetwork, callerNetwork }) => {
      hostNetwork.reset();
      callerNetwork.reset();
    },
  },
  {
    name: 'the connections of the only host fall silent',
    hosts: 1,
    inject: async ({ hostNetwork }) => hostNetwork.silence(),
  },
  {
    name: 'the connections of the caller fall silent',
    inject: async ({ callerNetwork }) => callerNetwork.silence(),
  },
  { name: 'a round trip of 5 ms', roundTrip: 5 },
  { name: 'a round trip of 50 ms', roundTrip: 50 },
  { name: 'a round trip of 200 ms', roundTrip: 200 },
  { name: 'the clocks of the hosts are 120 s ahead and 120 s behind', hostClocks: [120_000, -120_000] },
  { name: 'the clocks of two callers are 120 s ahead and 120 s behind', callers: 2, callerClocks: [120_000, -120_000] },
  {
    name: '10 callers, 3 hosts, one of which is killed and replaced',
    callers: 10,
    hosts: 3,
    tasks: 6000,
    inject: async (run) => {
      await run.hosts[1]?.end('SIGKILL');
      await run.startHost();
    },
  },
];

/** The hosts that run when the fault begins, one after the other. */
async function forEachHost(run: FaultRun, body: (host: FaultRun['hosts'][number]) => Promise<void>): Promise<void> {
  for (const host of [...run.hosts]) await body(host);
}
