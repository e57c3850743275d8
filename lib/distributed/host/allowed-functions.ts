import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TaskNotFoundError } from '../../errors.js';
import { type Tasks, tasksFrom } from '../../functions/marks/tasks-from.js';
import type { Pool } from '../../pool/pool.js';
import type { AnyFunction } from '../../pool/task/job.js';
import { ownFile } from '../../util/own-file.js';
import { isUrl, realPath } from '../options.js';
import { type ExportedFunction, isSameFunction } from '../wire/function-identity.js';
import { type FunctionReference, toModuleName } from '../wire/function-reference.js';
import type { listExports } from './list-exports.js';

const OWN_TASKS = ownFile('./distributed/host/list-exports.js');

/** An exported function, and the handle by which a child finds it. */
interface AllowedFunction {
  exported: ExportedFunction;
  handle: AnyFunction;
}

/** The functions that callers may call: only exports of the modules that the host was started with. */
export class AllowedFunctions {
  readonly #modules = new Map<string, AllowedFunction[]>();

  /**
   * Has a child of the pool list the exports of the modules.
   *
   * @throws {@link TaskNotFoundError} if a module cannot be imported, or does not export a function.
   * @throws TypeError if two modules have the same name.
   */
  static async read(pool: Pool, modules: readonly (string | URL)[], root: string): Promise<AllowedFunctions> {
    const urls = modules.map((module) =>
      isUrl(module) ? new URL(module).href : pathToFileURL(realPath(resolve(String(module)))).href,
    );
    const { listExports: list } = tasksFrom<{ listExports: typeof listExports }>(OWN_TASKS);
    const exports = await pool.apply(list, [urls]);
    const functions = new AllowedFunctions();
    for (const [index, url] of urls.entries()) functions.#add(url, exports[index] ?? [], root);
    return functions;
  }

  #add(url: string, exports: readonly ExportedFunction[], root: string): void {
    const name = toModuleName(url, root, 'the module');
    if (this.#modules.has(name))
      throw new TypeError(`Host: two modules have the name ${name}, so callers cannot tell them apart; rename one`);
    if (exports.length === 0)
      throw new TaskNotFoundError(`the module ${name} does not export a function; hosts run exported functions only`);
    const handles: Tasks<Record<string, AnyFunction>> = tasksFrom(url);
    const allowed = exports.map((exported) => ({ exported, handle: handles[exported.name] as AnyFunction }));
    this.#modules.set(name, allowed);
  }

  /** @throws {@link TaskNotFoundError} */
  find({ module, fn }: FunctionReference, host: string): AnyFunction {
    const allowed = this.#modules.get(module);
    if (allowed === undefined) {
      const known = [...this.#modules.keys()].join(', ');
      throw new TaskNotFoundError(`host ${host} was not started with the module ${module}; its modules are ${known}`);
    }
    const found = allowed.find(({ exported }) => isSameFunction(fn, exported));
    if (found !== undefined) return found.handle;
    const known = allowed.map(({ exported }) => exported.name);
    throw new TaskNotFoundError(
      `the module ${module} of host ${host} does not export the function '${fn.name || '(anonymous)'}'; it exports ` +
        `${known.join(', ')}. Check that the host runs the same version of the code; if its code is compiled differently, ` +
        'name the export with tasksFrom()',
    );
  }
}
