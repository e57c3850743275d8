#!/usr/bin/env node
import { readFileSync } from 'node:fs';

const usage = 'usage: aiomultiprocess [--version] [--help]';

const help = `${usage}

Run async functions on many processes, many at a time in each.

  --version   print the version
  --help      print this text
`;

/** The version stands in one place, the package's own manifest. */
function version(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

const args = process.argv.slice(2);
if (args.length === 1 && args[0] === '--version') {
  process.stdout.write(`${version()}\n`);
} else if (args.length === 1 && args[0] === '--help') {
  process.stdout.write(help);
} else {
  process.stderr.write(`${usage}\n`);
  process.exitCode = 2;
}
