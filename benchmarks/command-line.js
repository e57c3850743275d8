// What the programs that run contenders have in common: their options, the progress of their cells, and their results.

import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { formatTitle } from './format.js';
import { resolveFromCaller } from './resolve-from-caller.js';
import { selectByName } from './select-by-name.js';

/** Reads the options of a program, and ends it with its usage where they are wrong. */
export class CommandLine {
  #usage;

  constructor(usage) {
    this.#usage = usage;
  }

  /**
   * @param options - as `parseArgs` takes them, beside `--help`.
   * @param integers - the names of those that are whole numbers above 0.
   */
  read(options, integers) {
    const { values } = this.#attempt(() =>
      parseArgs({ options: { ...options, help: { type: 'boolean', short: 'h' } } }),
    );
    if (values.help) {
      console.log(this.#usage);
      process.exit();
    }
    const numbers = integers.map((name) => {
      const value = Number(values[name]);
      if (!(Number.isInteger(value) && value > 0)) this.fail(`--${name} takes a whole number above 0`);
      return [name, value];
    });
    return { ...values, ...Object.fromEntries(numbers) };
  }

  /** The entries of each list that `--only` names. */
  select(only, lists) {
    return this.#attempt(() => selectByName(only, lists));
  }

  fail(message) {
    console.error(`${message}\n\n${this.#usage}`);
    process.exit(1);
  }

  #attempt(run) {
    try {
      return run();
    } catch (error) {
      return this.fail(error.message);
    }
  }
}

/** Replaces the line that shows which cell is measured; `''` removes it. */
export function showProgress(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

/**
 * Writes all raw samples, for the programs that render pages.
 *
 * @param run - `startedAt`, `processes`, `rounds` and `machine`.
 */
export function writeResults(file, run, tables) {
  const results = tables.map(({ workload, rows, goals }) => ({
    workload: workload.name,
    title: formatTitle(workload),
    about: workload.about,
    kind: workload.kind,
    isExtra: workload.isExtra,
    count: workload.count,
    metrics: workload.metrics,
    floor: workload.floors[0],
    goals,
    rows: rows.map(({ contender, reason, rounds }) => ({
      contender: contender.name,
      kind: contender.kind,
      package: contender.package,
      reason,
      rounds,
    })),
  }));
  writeFileSync(resolveFromCaller(file), `${JSON.stringify({ ...run, finishedAt: new Date(), results })}\n`);
  console.log(`raw samples: ${file}`);
}
