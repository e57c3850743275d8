/**
 * A TCP proxy that delays what passes, in both directions, as a long way would:
 *
 *     node benchmarks/distributed/delaying-proxy.js <port of the server> <round trip in ms>
 *
 * It prints the port that it listens on. It is a process of its own, so that a busy caller does not slow it down.
 */
import { connect, createServer } from 'node:net';

const [target, roundTrip] = process.argv.slice(2).map(Number);

const server = createServer((client) => {
  const upstream = connect(target, '127.0.0.1');
  for (const socket of [client, upstream]) socket.setNoDelay();
  pass(client, upstream);
  pass(upstream, client);
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));

/** Timers of one length fire in the order in which they were set, so the bytes keep their order. */
function pass(from, to) {
  from.on('data', (bytes) => setTimeout(() => to.write(bytes), roundTrip / 2));
  from.on('close', () => setTimeout(() => to.destroy(), roundTrip / 2));
  from.on('error', () => {});
}
