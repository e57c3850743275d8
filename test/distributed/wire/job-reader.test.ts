/** How many jobs are fetched at once from a datastore that is far away. */
import { Datastore } from '../../../dist/lib/distributed/wire/datastore.js';
import { JobReader } from '../../../dist/lib/distributed/wire/job-reader.js';
import { startPostgres, startRedis } from '../../support/servers.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';

/** The most fetches at once while 40 jobs are read over a network with this round trip, in milliseconds. */
async function countFetches(url: string, roundTrip: number): Promise<number> {
  const proxy = await TcpProxy.start(url, roundTrip);
  const options = { queue: 'far', connection: proxy.url, isCluster: false, heartbeatTimeout: 30_000 };
  const store = await Datastore.open(options, { onError: () => {}, onSkew: () => {} });
  await store.ready();
  await store.queue('far').addBulk(Array.from({ length: 40 }, (_, index) => ({ name: 'job', data: index })));
  const worker = store.worker('far', null, { autorun: false });
  let most = 0;
  let left = 40;
  await new Promise<void>((resolve, reject) => {
    const reader = new JobReader(worker, store.maxFetches, {
      wantsJob: () => {
        most = Math.max(most, reader.fetching);
        return left > 0;
      },
      onJob: (job) => {
        if (--left === 0) resolve();
        reader.complete(job).catch(reject);
      },
      onError: reject,
    });
    reader.fetch();
  });
  await store.close();
  await proxy.close();
  return most;
}

test('PostgreSQL gets no more fetches than its clients carry, and one client stays for other requests', async () => {
  const server = await startPostgres();
  expect(await countFetches(server.url, 100)).toBeLessThanOrEqual(3);
  await server.remove();
});

test('Redis gets several fetches, so that its distance does not count', async () => {
  const server = await startRedis();
  expect(await countFetches(server.url, 100)).toBeGreaterThan(6);
  await server.remove();
});
