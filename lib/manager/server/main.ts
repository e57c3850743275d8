/**
 * The entry of the process that keeps a manager's objects. It ends when the pipe from the manager's process does, and
 * removes its socket then, so nothing is left of it however that process has ended.
 */
// First of all.
import '../../child/ignore-signals.js';
import { openPipe } from '../../child/pipe.js';
import { createChildState } from '../../child/state.js';
import * as errors from '../../errors.js';
import { forgetHugePages } from '../../huge-pages.js';
import type { Channel } from '../../ipc/channel.js';
import { START, type ToChild, type ToParent } from '../../ipc/messages.js';
import { registerProxies } from '../client/proxies.js';
import { keepFresh, removeEndpoint } from '../endpoint.js';
import type { ServerOptions } from '../server-options.js';
import { Client } from './client.js';
import { listen } from './listener.js';
import { Objects } from './objects.js';

forgetHugePages(process.env);
registerProxies();
const objects = new Objects(createChildState(errors));

const channel: Channel<ToChild, ToParent> = openPipe({
  onMessages(messages) {
    if (messages[0]?.[0] === START) start((messages.shift() as [typeof START, ServerOptions])[1]);
    manager.accept(messages);
  },
  onDrain() {},
  // The manager was closed, or its process is gone.
  onEnd: () => process.exit(0),
});
const manager = new Client(objects, true, () => channel);

function start({ key, ...endpoint }: ServerOptions): void {
  process.on('exit', () => removeEndpoint(endpoint));
  keepFresh(endpoint);
  listen(endpoint.path, Buffer.from(key, 'hex'), objects);
}
