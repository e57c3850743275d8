import type { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import type { Channel } from '../ipc/channel.js';
import { SPAWNED, type ToChild, type ToParent } from '../protocol/messages.js';
import { nextTick } from '../util/clock.js';

/** Tells the parent of each process that tasks start: should this process crash, its parent ends them. */
export function reportSpawned(channel: Channel<ToChild, ToParent>): void {
  subscribe('child_process', (message) => {
    const { process: spawned } = message as { process: ChildProcess };
    // It is started after this, at once.
    nextTick(() => {
      if (spawned.pid === undefined) return;
      channel.post([SPAWNED, spawned.pid]);
      channel.flush();
    });
  });
}
