import { resolve } from 'node:path';

/** npm runs a script in the folder of its package, and says where the user stood. */
export function resolveFromCaller(path) {
  return resolve(process.env.INIT_CWD ?? '.', path);
}
