/**
 * The form of a scenario: one folder of test/matrix/scenarios/, with a `scenario.ts` and, beside it, the files of a
 * user's project in `project/`. The matrix installs the packed package and the tool from the registry, copies the
 * project's files next to them, and runs the command there, once for each version of the tool and of Node.js.
 *
 *     // test/matrix/scenarios/vitest/scenario.ts
 *     import type { Scenario } from '../../scenario.ts';
 *
 *     export default {
 *       tool: 'Vitest',
 *       packages: ['vitest'],
 *       versions: ['3', '4'],
 *       command: 'vitest run',
 *       output: /Tests +2 passed/,
 *     } satisfies Scenario;
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The supported versions of Node.js: the lowest one, and the newest of each line. */
export const nodeVersions = ['20.19.0', '22.12.0', '22.23.5', '24.22.3', '26.12.1'];
/** The lowest and the newest supported version. */
export const outerNodeVersions = ['20.19.0', '26.12.1'];

export interface Scenario {
  /** The first cell of the table: the tool, with its setup if there are several: `Jest (ES modules)`. */
  tool: string;
  /** Packages to install: first the tool, in each of `versions`, then others, such as `typescript@6`. */
  packages?: string[];
  /** Versions of the tool, in npm's syntax. The table shows the installed versions. Requires `packages`. */
  versions?: string[];
  /** Versions of Node.js. Default: the lowest and the newest. */
  nodes?: string[];
  /**
   * A line of shell, run in the project's folder. `node` is the version under test, and the commands of the installed
   * packages are in the PATH. `CI` and `NO_COLOR` are set. A function receives the version of the tool from `versions`.
   */
  command: string | ((version: string) => string);
  /** Default 0. */
  exitCode?: number;
  /** Must match the output: stdout, then stderr. */
  output?: RegExp;
  /** The last cell of the table after an expected outcome. Default: `works`. */
  result?: string;
  /** Runs in the repository instead of a project of its own. */
  inRepository?: boolean;
  /** Milliseconds for the command. Default: 120,000. */
  timeout?: number;
}

export interface NamedScenario extends Scenario {
  /** The name of the folder, for `--only`. */
  name: string;
  /** The folder with the files of the project, if there are any. */
  project: string | undefined;
}

const folder = join(import.meta.dirname, 'scenarios');

/**
 * The scenarios whose name is, or else contains, one of the words; all scenarios without words. Sorted by folder name. A word
 * that is a name means only that scenario: `node` is also a part of `ts-node-cli`.
 */
export async function loadScenarios(words: string[] = []): Promise<NamedScenario[]> {
  const names = readdirSync(folder).sort();
  const chosen = names.filter(
    (name) => words.length === 0 || words.some((word) => (names.includes(word) ? name === word : name.includes(word))),
  );
  if (chosen.length === 0)
    throw new Error(`no scenario's name contains ${words.join(' or ')}; there are ${names.join(', ')}`);
  return Promise.all(
    chosen.map(async (name) => {
      const module: { default: Scenario } = await import(pathToFileURL(join(folder, name, 'scenario.ts')).href);
      const project = join(folder, name, 'project');
      return { ...module.default, name, project: existsSync(project) ? project : undefined };
    }),
  );
}
