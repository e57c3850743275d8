import { resolve } from 'node:path';

/** npm runs a script in the folder of its package, and passes on the user's working folder. */
export function resolveFromCaller(path) {
  return resolve(process.env.INIT_CWD ?? '.', path);
}
