import type { Channel } from '../ipc/channel.js';
import { MEMORY, type ToChild, type ToParent } from '../protocol/messages.js';
import { nextTick } from '../util/clock.js';
import { MappedBlocks } from './mapped-blocks.js';

/**
 * The parent's side of a memory for large values: it is created and offered with the first large value, once it is
 * configured.
 */
export function createOfferedMemory(getChannel: () => Channel<ToParent, ToChild>): MappedBlocks {
  const offer = () => {
    const offered = memory.create();
    if (offered === undefined) return;
    const channel = getChannel();
    channel.post([MEMORY, offered]);
    channel.flush();
  };
  const memory = new MappedBlocks(() => nextTick(offer));
  return memory;
}
