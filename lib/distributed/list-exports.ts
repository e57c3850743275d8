import { importModule } from '../tasks/import-module.js';

/**
 * The functions that each module exports. Runs in a child of a host: the host itself loads no code of the program.
 *
 * @throws {@link TaskNotFoundError} if a module cannot be imported.
 */
export async function listExports(urls: readonly string[]): Promise<string[][]> {
  return Promise.all(urls.map(async (url) => listFunctions(await importModule(url, 'the functions it exports'))));
}

/** Also those of a CommonJS module, which are on its default export. */
function listFunctions(exports: object): string[] {
  const inner: unknown = Reflect.get(exports, 'default');
  const nested = typeof inner === 'object' && inner !== null ? namesOfFunctions(inner) : [];
  return [...new Set([...namesOfFunctions(exports), ...nested])];
}

function namesOfFunctions(owner: object): string[] {
  return Object.keys(owner).filter((name) => {
    try {
      return typeof Reflect.get(owner, name) === 'function';
    } catch {
      return false;
    }
  });
}
