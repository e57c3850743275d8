import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { TaskNotFoundError } from '../errors.js';
import type { AnyFunction } from '../pool/job.js';
import type { Pool } from '../pool/pool.js';
import { type Tasks, tasksFrom } from '../tasks/tasks-from.js';
import { type FunctionName, nameModule } from './function-name.js';
import type { listExports } from './list-exports.js';
import { isUrl } from './options.js';

const OWN_TASKS = new URL('./list-exports.js', import.meta.url);

/** The functions that callers may name: the exports of the modules that a host was started with, and no others. */
export class ExportedFunctions {
  readonly #modules = new Map<string, Map<string, AnyFunction>>();

  /**
   * Lets a child of the pool look at the modules.
   *
   * @throws {@link TaskNotFoundError} if a module cannot be imported, or exports no function.
   * @throws TypeError if two modules have one name.
   */
  static async read(pool: Pool, modules: readonly (string | URL)[], root: string): Promise<ExportedFunctions> {
    const urls = modules.map((module) =>
      isUrl(module) ? new URL(module).href : pathToFileURL(resolve(String(module))).href,
    );
    const { listExports: list } = tasksFrom<{ listExports: typeof listExports }>(OWN_TASKS);
    const names = await pool.apply(list, [urls]);
    const functions = new ExportedFunctions();
    for (const [index, url] of urls.entries()) functions.#add(url, names[index] ?? [], root);
    return functions;
  }

  #add(url: string, names: readonly string[], root: string): void {
    const name = nameModule(url, root, 'the module');
    if (this.#modules.has(name))
      throw new TypeError(`Host: two modules have the name ${name}; callers could mean either`);
    if (names.length === 0) throw new TaskNotFoundError(`the module ${name} exports no function`);
    const handles: Tasks<Record<string, AnyFunction>> = tasksFrom(url);
    this.#modules.set(name, new Map(names.map((each) => [each, handles[each] as AnyFunction])));
  }

  /** @throws {@link TaskNotFoundError} */
  find({ module, names }: FunctionName, host: string): AnyFunction {
    const functions = this.#modules.get(module);
    if (functions === undefined) {
      const known = [...this.#modules.keys()].join(', ');
      throw new TaskNotFoundError(`host ${host} was not started with the module ${module}; it has ${known}`);
    }
    for (const name of names) {
      const fn = functions.get(name);
      if (fn !== undefined) return fn;
    }
    throw new TaskNotFoundError(
      `the module ${module} of host ${host} exports no function '${names[0]}'; it exports ` +
        `${[...functions.keys()].join(', ')} (does it run another version of the code?)`,
    );
  }
}
