#!/usr/bin/env node
/** The program `aiomultiprocess`: its commands and its exit codes. */
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { UsageError } from './util/errors.js';
import { createLog, writeAnswer, writeMessage } from './util/log.js';

const USAGE_ERROR = 2;

/** Each command is loaded only when used. */
const COMMANDS = {
  map: {
    summary: 'run a function on every line, JSON value or CSV row of an input, on all cores',
    load: async () => (await import('./commands/map.js')).createMapCommand(),
  },
  host: {
    summary: 'run the tasks of distributed pools on this machine',
    load: async () => (await import('./commands/host.js')).createHostCommand(),
  },
  status: {
    summary: 'show the state of a queue and its hosts',
    load: async () => (await import('./commands/status.js')).createStatusCommand(),
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

/** The manifest is the only place that holds the version. */
function readVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** Reports a usage error, unless commander already has. @returns the exit code. */
function handle(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE_ERROR;
  if (!(error instanceof UsageError)) throw error;
  reportMisuse(`error: ${error.message}\n`);
  return USAGE_ERROR;
}

/** @param text - starts with `error: `, as the messages of commander do. */
function reportMisuse(text: string): void {
  if (isJson) log('error', text.replace(/^error: /, '').trimEnd());
  else writeMessage(text);
}
