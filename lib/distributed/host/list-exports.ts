import { addressOf } from '../../functions/address/address.js';
import { importModule } from '../../functions/load/import-module.js';
import { isObject } from '../../util/guards.js';
import { type ExportedFunction, type FunctionIdentity, identifyFunction } from '../wire/function-identity.js';

/**
 * Lists the functions that each module exports. Runs in a child of the host: the host itself does not load user code.
 *
 * @throws {@link TaskNotFoundError} if a module cannot be imported.
 */
export async function listExports(urls: readonly string[]): Promise<ExportedFunction[][]> {
  return Promise.all(urls.map(async (url) => listFunctions(await importModule(url, 'the functions it exports'))));
}

/** Includes the exports of a CommonJS module, which are properties of its default export. */
function listFunctions(exports: object): ExportedFunction[] {
  const inner: unknown = Reflect.get(exports, 'default');
  const nested = isObject(inner) ? readFunctions(inner) : [];
  const functions = new Map([...nested, ...readFunctions(exports)]);
  return Array.from(functions, ([name, fn]) => ({ name, ...tryIdentify(fn) }));
}

function readFunctions(owner: object): [name: string, fn: unknown][] {
  return Object.keys(owner).flatMap((name) => {
    try {
      const value: unknown = Reflect.get(owner, name);
      return typeof value === 'function' ? [[name, value]] : [];
    } catch {
      return [];
    }
  });
}

/** A function without an address, such as a bound function, is recognised by the name of its export only. */
function tryIdentify(fn: unknown): { identity?: FunctionIdentity } {
  try {
    const address = addressOf(fn);
    return address.kind === 'inline' ? {} : { identity: identifyFunction(address) };
  } catch {
    return {};
  }
}
