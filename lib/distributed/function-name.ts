import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TaskNotFoundError } from '../errors.js';
import type { AnyFunction } from '../pool/job.js';
import { type Address, completeAddress } from '../tasks/address.js';
import { describeFunction, type FunctionTraits } from './function-traits.js';

/** How a function is called between machines: both sides know the module by its path from a root they agree on. */
export interface FunctionName {
  module: string;
  fn: FunctionTraits;
}

/** Names functions, each once. */
export class FunctionNames {
  readonly #root: string;
  readonly #known = new WeakMap<Address, FunctionName>();

  constructor(root: string) {
    this.#root = root;
  }

  /** @throws {@link TaskNotFoundError} if the function is no export of a module under the root. */
  get(fn: AnyFunction, address: Address): FunctionName {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    completeAddress(address);
    const name = nameFunction(fn, address, this.#root);
    this.#known.set(address, name);
    return name;
  }
}

function nameFunction(fn: AnyFunction, address: Address, root: string): FunctionName {
  const what = `the task '${fn.name || '(anonymous)'}'`;
  if (address.kind === 'inline') {
    throw new TaskNotFoundError(
      `${what} was made by inline(), and hosts run no source text; export it from a module that the hosts are started with`,
    );
  }
  return { module: nameModule(address.module, root, what), fn: describeFunction(address) };
}

/**
 * The path of a module from the root, without its extension: the sources on one machine are the build on another.
 *
 * @throws {@link TaskNotFoundError} if it is not under the root.
 */
export function nameModule(url: string, root: string, what: string): string {
  const path = url.startsWith('file:') ? relative(root, fileURLToPath(url)) : '';
  if (path === '' || path === '..' || path.startsWith(`..${sep}`) || path.includes(':')) {
    throw new TaskNotFoundError(
      `${what} is in ${url.startsWith('file:') ? fileURLToPath(url) : url.slice(0, 40)}, which is not under ${root}; ` +
        'set the option "root" to a folder above it, here and on the hosts',
    );
  }
  return path.replaceAll(sep, '/').replace(/\.[cm]?[jt]sx?$/, '');
}
