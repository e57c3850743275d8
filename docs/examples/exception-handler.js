// exceptionHandler: every process reports the errors of its tasks to a collector, like the client of an error tracker.
import { on, once } from 'node:events';
import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { isMainProcess, Pool } from 'aiomultiprocess';

/** Set by initTracker() in each process. */
let tracker;

export function initTracker(url) {
  tracker = (report) => fetch(url, { method: 'POST', body: JSON.stringify(report) });
}

export async function captureException({ name, message, orderId }) {
  await tracker({ name, message, orderId, pid: process.pid });
}

export async function ship(orderId) {
  if (orderId % 4 === 0) throw Object.assign(new RangeError('out of stock'), { orderId });
  return orderId;
}

if (isMainProcess) {
  const collector = createServer().listen(0, '127.0.0.1');
  const requests = on(collector, 'request');
  await once(collector, 'listening');
  const url = `http://127.0.0.1:${collector.address().port}`;
  const options = {
    processes: 2,
    initializer: initTracker,
    initargs: [url],
    exceptionHandler: captureException,
  };

  await Pool.using(options, async (pool) => {
    const results = await pool.map(ship, [1, 2, 3, 4, 5, 6, 7, 8]).settled();
    let failed = results.filter(({ status }) => status === 'rejected').length;
    console.log(`${failed} orders failed`);
    for await (const [request, response] of requests) {
      const { name, message, orderId, pid } = await json(request);
      response.end();
      console.log(
        `${name}: ${message}, order ${orderId}, reported by ${pid === process.pid ? 'this process' : 'a child'}`,
      );
      if (--failed === 0) break;
    }
  });
  collector.closeAllConnections();
  collector.close();
}
