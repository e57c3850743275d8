import { Pool, type PoolOptions } from 'aiomultiprocess';

/** A pool for all tests of a file or block, terminated after them. */
export function createPool(options: PoolOptions): Pool {
  const pool = new Pool(options);
  afterAll(async () => {
    pool.terminate();
    await pool.join();
  });
  return pool;
}
