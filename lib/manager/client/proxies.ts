import { ProtocolError } from '../../errors.js';
import { registerHandle } from '../../ipc/graph/handles.js';
import type { TypeName } from '../protocol/methods.js';
import { SharedBarrier } from './barrier.js';
import { SharedEvent } from './event.js';
import { SharedInstance } from './instance.js';
import { SharedList } from './list.js';
import { SharedLock } from './lock.js';
import { SharedMap } from './map.js';
import { SharedJobQueue, SharedQueue } from './queue.js';
import { SharedSemaphore } from './semaphore.js';
import { KIND, type ObjectAddress, type SharedObject } from './shared-object.js';
import { SharedValue } from './value.js';

/** The proxy class of each type. */
const PROXIES: Record<Exclude<TypeName, 'instance'>, new (address: ObjectAddress) => SharedObject> = {
  queue: SharedQueue,
  jobQueue: SharedJobQueue,
  event: SharedEvent,
  lock: SharedLock,
  semaphore: SharedSemaphore,
  barrier: SharedBarrier,
  list: SharedList,
  map: SharedMap,
  value: SharedValue,
};

/** Lets this process decode shared objects. Must run before it opens a pipe to another process. */
export function registerProxies(): void {
  registerHandle(KIND, ([folder, path, key, id, type, ...methods]) => {
    const areStrings = [folder, path, key, type, ...methods].every((part) => typeof part === 'string');
    if (!areStrings || !Number.isSafeInteger(id))
      throw new ProtocolError('a handle of a shared object has invalid parts');
    const address = { folder, path, key, id } as ObjectAddress;
    if (type === 'instance') return new SharedInstance(address, methods as string[]);
    const SharedType = Object.hasOwn(PROXIES, type as string) ? PROXIES[type as keyof typeof PROXIES] : undefined;
    if (SharedType === undefined) throw new ProtocolError(`a handle of a shared object has the unknown type ${type}`);
    return new SharedType(address);
  });
}
