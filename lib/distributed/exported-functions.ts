import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TaskNotFoundError } from '../errors.js';
import { ownFile } from '../own-file.js';
import type { AnyFunction } from '../pool/job.js';
import type { Pool } from '../pool/pool.js';
import { type Tasks, tasksFrom } from '../tasks/tasks-from.js';
import { type FunctionName, nameModule } from './function-name.js';
import { type ExportedFunction, isSameFunction } from './function-traits.js';
import type { listExports } from './list-exports.js';
import { isUrl, realPath } from './options.js';

const OWN_TASKS = ownFile('./distributed/list-exports.js');

/** An export, and what a child finds it by. */
interface Offer {
  exported: ExportedFunction;
  handle: AnyFunction;
}

/** The functions that callers may name: the exports of the modules that a host was started with, and no others. */
export class ExportedFunctions {
  readonly #modules = new Map<string, Offer[]>();

  /**
   * Lets a child of the pool look at the modules.
   *
   * @throws {@link TaskNotFoundError} if a module cannot be imported, or exports no function.
   * @throws TypeError if two modules have one name.
   */
  static async read(pool: Pool, modules: readonly (string | URL)[], root: string): Promise<ExportedFunctions> {
    const urls = modules.map((module) =>
      isUrl(module) ? new URL(module).href : pathToFileURL(realPath(resolve(String(module)))).href,
    );
    const { listExports: list } = tasksFrom<{ listExports: typeof listExports }>(OWN_TASKS);
    const exports = await pool.apply(list, [urls]);
    const functions = new ExportedFunctions();
    for (const [index, url] of urls.entries()) functions.#add(url, exports[index] ?? [], root);
    return functions;
  }

  #add(url: string, exports: readonly ExportedFunction[], root: string): void {
    const name = nameModule(url, root, 'the module');
    if (this.#modules.has(name))
      throw new TypeError(`Host: two modules have the name ${name}; callers could mean either`);
    if (exports.length === 0) throw new TaskNotFoundError(`the module ${name} exports no function`);
    const handles: Tasks<Record<string, AnyFunction>> = tasksFrom(url);
    const offers = exports.map((exported) => ({ exported, handle: handles[exported.name] as AnyFunction }));
    this.#modules.set(name, offers);
  }

  /** @throws {@link TaskNotFoundError} */
  find({ module, fn }: FunctionName, host: string): AnyFunction {
    const offers = this.#modules.get(module);
    if (offers === undefined) {
      const known = [...this.#modules.keys()].join(', ');
      throw new TaskNotFoundError(`host ${host} was not started with the module ${module}; it has ${known}`);
    }
    const offer = offers.find(({ exported }) => isSameFunction(fn, exported));
    if (offer !== undefined) return offer.handle;
    const known = offers.map(({ exported }) => exported.name);
    throw new TaskNotFoundError(
      `the module ${module} of host ${host} exports no function '${fn.name || '(anonymous)'}'; it exports ` +
        `${known.join(', ')} (does it run another version of the code? If its code is compiled otherwise, ` +
        'name the export with tasksFrom())',
    );
  }
}
