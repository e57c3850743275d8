#!/usr/bin/env node
/** The program: its commands, and what its exit code says. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { createLog, writeAnswer, writeMessage } from './log.js';
import { UsageError } from './usage-error.js';

const USAGE_ERROR = 2;

/** A command that is not used is not loaded. */
const COMMANDS = {
  map: {
    summary: 'run a function on every line, JSON value or CSV row of an input, on all cores',
    load: async () => (await import('./commands/map.js')).createMapCommand(),
  },
  host: {
    summary: 'run the tasks of distributed pools on this machine',
    load: async () => (await import('./commands/host.js')).createHostCommand(),
  },
};

const words = process.argv.slice(2);
const isJson = words.includes('--json-logs');
const log = createLog(isJson);

const program = new Command('aiomultiprocess')
  .description('Run async functions on many processes, many at a time in each.')
  .version(readVersion(), '--version', 'print the version')
  .helpOption('--help', 'print this text')
  .helpCommand('help [command]', 'print the help of a command')
  .showHelpAfterError(isJson ? false : '(add --help for more)')
  .configureOutput({ writeOut: writeAnswer, writeErr: writeMessage, outputError: reportMisuse })
  .exitOverride();

for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
  const command = words.includes(name) ? await load() : new Command(name);
  program.addCommand(command.summary(summary).copyInheritedSettings(program));
}

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = handle(error);
}

/** The version stands in one place, the package's own manifest. */
function readVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** Says what was wrong with the usage, if nobody has yet. */
function handle(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_ERROR;
  if (!(error instanceof UsageError)) throw error;
  reportMisuse(`error: ${error.message}\n`);
  return USAGE_ERROR;
}

/** @param text - begins with `error: `, as those of commander do. */
function reportMisuse(text: string): void {
  if (isJson) log('error', text.replace(/^error: /, '').trimEnd());
  else writeMessage(text);
}
