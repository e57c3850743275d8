/**
 * Tests the package with the tools of its users, on each version of Node.js, and writes the results into
 * docs/compatibility.md:
 *
 *     npm run matrix                          # everything: about an hour
 *     npm run matrix -- --only vitest         # the scenarios whose folder name contains the word; may be repeated
 *     npm run matrix -- --only vitest --node 26.12.1     # on that version only, without writing the table
 *     npm run matrix -- --fresh               # reinstalls everything, and so tests the newest versions
 *
 * The exit code is 1 if any result is unexpected. scenario.ts explains how to add a scenario.
 */
import { spawn } from 'node:child_process';
import { delimiter, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installNode, installProject, packPackage, removeInstalls } from './install.ts';
import { loadScenarios, type NamedScenario, outerNodeVersions } from './scenario.ts';
import { type Row, writeRows } from './table.ts';

const root = resolve(import.meta.dirname, '../..');

interface Outcome {
  /** The exit code, or the reason why the command has none. */
  code: number | string;
  output: string;
}

/** Runs a line of shell. The time limit kills the shell together with everything it has started. */
function runCommand(command: string, cwd: string, env: NodeJS.ProcessEnv, timeout: number): Promise<Outcome> {
  return new Promise((settle, reject) => {
    const shell = spawn(command, { cwd, env, shell: true, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    shell.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    shell.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    let reason: string | undefined;
    const timer = setTimeout(() => {
      reason = `still running after ${timeout} ms`;
      if (shell.pid !== undefined) process.kill(-shell.pid, 'SIGKILL');
    }, timeout);
    shell.on('error', reject);
    shell.on('close', (code, signal) => {
      clearTimeout(timer);
      settle({ code: reason ?? code ?? signal ?? 'unknown', output: stdout + stderr });
    });
  });
}

const indent = (text: string) => text.trimEnd().replace(/^/gm, '      ');

/** Describes an unexpected outcome. Returns `undefined` if the outcome is as expected. */
function describeFailure({ exitCode = 0, output }: NamedScenario, outcome: Outcome): string | undefined {
  if (outcome.code !== exitCode) return `exit code ${outcome.code}, expected ${exitCode}`;
  if (output && !output.test(outcome.output)) return `the output does not match ${output}`;
  return undefined;
}

const { only, node, fresh } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    node: { type: 'string', multiple: true },
    fresh: { type: 'boolean' },
  },
}).values;

if (fresh) removeInstalls();
const scenarios = await loadScenarios(only);
const packageFile = packPackage();
const rows: Row[] = [];
let failed = 0;

for (const scenario of scenarios) {
  for (const wanted of scenario.versions ?? ['']) {
    const project = scenario.inRepository
      ? { folder: root, version: '' }
      : installProject(scenario, wanted, packageFile);
    for (const nodeVersion of scenario.nodes ?? outerNodeVersions) {
      if (node && !node.includes(nodeVersion)) continue;
      const { version, env } = installNode(nodeVersion);
      const path = [join(project.folder, 'node_modules/.bin'), env.PATH].join(delimiter);
      const command = typeof scenario.command === 'string' ? scenario.command : scenario.command(wanted);
      const start = performance.now();
      const outcome = await runCommand(command, project.folder, { ...env, PATH: path }, scenario.timeout ?? 120_000);
      const failure = describeFailure(scenario, outcome);
      if (failure !== undefined) failed++;
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      console.log(`${failure ? 'FAIL' : 'ok'}  ${scenario.tool} ${project.version}  Node.js ${version}  ${seconds} s`);
      if (failure !== undefined) console.log(`${indent(outcome.output)}\n      ${failure}; in ${project.folder}`);
      const result = failure === undefined ? (scenario.result ?? 'works') : '**fails**';
      rows.push({ tool: scenario.tool, version: project.version, node: version, result });
    }
  }
}

// A table with only some versions would drop the others.
if (!node)
  writeRows(
    rows,
    (await loadScenarios()).map(({ tool }) => tool),
  );
process.exitCode = failed > 0 ? 1 : 0;
