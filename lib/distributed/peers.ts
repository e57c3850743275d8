import { MissingPackageError } from '../errors.js';
import { isNotInstalled } from '../util/not-installed.js';

export type BullMQ = typeof import('bullmq');

/**
 * Loads BullMQ, and sees that the client of the datastore is there, which BullMQ loads itself.
 *
 * @param client - the package of that client, if the program has not brought one of its own.
 * @throws {@link MissingPackageError}
 */
export async function loadBullMQ(client: 'ioredis' | 'pg' | undefined): Promise<BullMQ> {
  if (client === 'pg') await load('pg', () => import('pg'));
  if (client === 'ioredis') await load('ioredis', () => import('ioredis'));
  return load('bullmq', () => import('bullmq'));
}

async function load<T>(name: string, imported: () => Promise<T>): Promise<T> {
  try {
    return await imported();
  } catch (cause) {
    throw isNotInstalled(cause) ? new MissingPackageError('aiomultiprocess/distributed', name, { cause }) : cause;
  }
}
