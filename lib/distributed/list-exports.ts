import { addressOf } from '../tasks/address.js';
import { importModule } from '../tasks/import-module.js';
import { describeFunction, type ExportedFunction, type FunctionTraits } from './function-traits.js';

/**
 * The functions that each module exports. Runs in a child of a host: the host itself loads no code of the program.
 *
 * @throws {@link TaskNotFoundError} if a module cannot be imported.
 */
export async function listExports(urls: readonly string[]): Promise<ExportedFunction[][]> {
  return Promise.all(urls.map(async (url) => listFunctions(await importModule(url, 'the functions it exports'))));
}

/** Also those of a CommonJS module, which are on its default export. */
function listFunctions(exports: object): ExportedFunction[] {
  const inner: unknown = Reflect.get(exports, 'default');
  const nested = typeof inner === 'object' && inner !== null ? readFunctions(inner) : [];
  const functions = new Map([...nested, ...readFunctions(exports)]);
  return Array.from(functions, ([name, fn]) => ({ name, ...describe(fn) }));
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

/** What could not be sent to a child either, such as a bound function, is only known by the name of its export. */
function describe(fn: unknown): { traits?: FunctionTraits } {
  try {
    const address = addressOf(fn);
    return address.kind === 'inline' ? {} : { traits: describeFunction(address) };
  } catch {
    return {};
  }
}
