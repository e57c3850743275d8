/**
 * Entry point of the process that holds a manager's objects. It exits when the pipe from the manager's process closes,
 * and removes its socket then: nothing is left behind, however that process ended.
 */
// Must be the first import: a signal may arrive while the others load.
import '../../process/ignore-signals.js';
import type { ChannelHandler } from '../../ipc/channel.js';
import { createChildState } from '../../process/child-state.js';
import { forgetMallocSettings } from '../../process/malloc-settings.js';
import { openPipe } from '../../process/open-pipe.js';
import { START, type ToChild } from '../../protocol/messages.js';
import { registerSharedMemory } from '../../shared-memory/register.js';
import { registerProxies } from '../client/proxies.js';
import { keepFresh, removeEndpoint, type ServerOptions } from '../protocol/endpoint.js';
import { ConnectedClient } from './connected-client.js';
import { listen } from './listener.js';
import { ObjectRegistry } from './object-registry.js';

forgetMallocSettings(process.env);
registerProxies();
registerSharedMemory();
const objects = new ObjectRegistry(createChildState());

const manager = new ConnectedClient(objects, true, () => channel);
const handler: ChannelHandler<ToChild> = {
  onMessages(messages) {
    if (messages[0]?.[0] === START) start((messages.shift() as [typeof START, ServerOptions])[1]);
    manager.accept(messages);
  },
  onDrain() {},
  // The manager was closed, or its process ended.
  onEnd: () => process.exit(0),
};
const channel = openPipe(handler, manager.memory);

function start({ key, ...endpoint }: ServerOptions): void {
  process.on('exit', () => removeEndpoint(endpoint));
  keepFresh(endpoint);
  listen(endpoint.path, Buffer.from(key, 'hex'), objects);
}
