import { relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TaskNotFoundError } from '../../errors.js';
import { type Address, completeAddress } from '../../functions/address/address.js';
import type { AnyFunction } from '../../pool/task/job.js';
import { type FunctionIdentity, identifyFunction } from './function-identity.js';

/** Refers to a function on another machine: by the path of its module relative to the common root, and its identity. */
export interface FunctionReference {
  module: string;
  fn: FunctionIdentity;
}

/** Creates references to functions, and caches them. */
export class FunctionReferences {
  readonly #root: string;
  readonly #known = new WeakMap<Address, FunctionReference>();

  constructor(root: string) {
    this.#root = root;
  }

  /** @throws {@link TaskNotFoundError} unless the function is an export of a module under the root. */
  get(fn: AnyFunction, address: Address): FunctionReference {
    const known = this.#known.get(address);
    if (known !== undefined) return known;
    completeAddress(address);
    const name = createReference(fn, address, this.#root);
    this.#known.set(address, name);
    return name;
  }
}

function createReference(fn: AnyFunction, address: Address, root: string): FunctionReference {
  const what = `the task '${fn.name || '(anonymous)'}'`;
  if (address.kind === 'inline') {
    throw new TaskNotFoundError(
      `${what} was created by inline(), but hosts do not run source text; export it from a module of the hosts`,
    );
  }
  return { module: toModuleName(address.module, root, what), fn: identifyFunction(address) };
}

/**
 * The path of a module relative to the root, without its extension: one machine may have the sources, another the build.
 *
 * @throws {@link TaskNotFoundError} if it is not under the root.
 */
export function toModuleName(url: string, root: string, what: string): string {
  const path = url.startsWith('file:') ? relative(root, fileURLToPath(url)) : '';
  if (path === '' || path === '..' || path.startsWith(`..${sep}`) || path.includes(':')) {
    throw new TaskNotFoundError(
      `${what} is in ${url.startsWith('file:') ? fileURLToPath(url) : url.slice(0, 40)}, which is not under ${root}; ` +
        'set the option "root" to a folder above it, here and on the hosts',
    );
  }
  return path.replaceAll(sep, '/').replace(/\.[cm]?[jt]sx?$/, '');
}
