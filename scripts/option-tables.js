// Writes the option tables and the help of the command line into docs/, from the tables in lib/ that define the options, and the
// programs of docs/examples/ into the pages about them. Each goes between the two comments of a page that name it. Run
// `npm run options` after a build.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { DASHBOARD_OPTIONS } from '../dist/lib/dashboard/options.js';
import { DISTRIBUTED_POOL_OPTIONS, HOST_OPTIONS } from '../dist/lib/distributed/options.js';
import { MAP_OPTIONS } from '../dist/lib/pool/options/call-options.js';
import { POOL_OPTIONS } from '../dist/lib/pool/options/pool-options.js';
import { PROCESS_OPTIONS } from '../dist/lib/process/options.js';

const docs = new URL('../docs/', import.meta.url);

/** By the name in the comments. */
export const CONTENTS = {
  'options of calls': () => renderTable(MAP_OPTIONS),
  'options of pools': () => renderTable(POOL_OPTIONS),
  'options of processes': () => renderTable(PROCESS_OPTIONS),
  'options of the dashboard': () => renderTable(DASHBOARD_OPTIONS),
  'options of distributed pools': () => renderTable(DISTRIBUTED_POOL_OPTIONS),
  'options of hosts': () => renderTable(HOST_OPTIONS, { hasFlags: true }),
  'help of map': () => renderHelp('map'),
};

/** The languages of files whose extension is not the name of one. */
const LANGUAGES = { '.service': 'ini' };

const PLACES = /(<!-- begin ([\w ./-]+): written by `npm run options` -->\n)[\s\S]*?(\n<!-- end \2 -->)/g;

/** Returns the page with up-to-date tables and programs. */
export function renderOptions(page) {
  return page.replaceAll(PLACES, (_all, begin, name, end) => `${begin}\n${render(name)}\n${end}`);
}

function render(name) {
  const [, path] = /^example (.*)$/.exec(name) ?? [];
  return path === undefined ? CONTENTS[name]() : renderExample(path);
}

/** Its own test checks it, not the one of the pages. */
function renderExample(path) {
  const text = readFileSync(new URL(`examples/${path}`, docs), 'utf8').trimEnd();
  return `\`\`\`${LANGUAGES[extname(path)] ?? extname(path).slice(1)} example\n${text}\n\`\`\``;
}

/**
 * The default of an option as text for pages and comments; `''` without a default.
 *
 * @param {import('../dist/lib/util/validation.js').DocumentedOption} option
 */
export function renderDefault({ default: value, defaultText }) {
  if (defaultText !== undefined) return defaultText;
  if (value === undefined || typeof value === 'number') return String(value ?? '');
  return `\`${typeof value === 'string' ? `'${value}'` : value}\``;
}

function renderTable(options, { hasFlags = false } = {}) {
  const columns = ['Option', ...(hasFlags ? ['Flag'] : []), 'Type', 'Default', 'Description'];
  const rows = Object.entries(options).map(([name, option]) => {
    const flag = option.flag === undefined ? '' : `\`${option.flag}\``;
    const fallback = option.required ? 'required' : renderDefault(option);
    return [`\`${name}\``, ...(hasFlags ? [flag] : []), option.check.type, fallback, option.description];
  });
  return [columns, columns.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function renderHelp(command) {
  const program = fileURLToPath(new URL('../dist/bin/aiomultiprocess.js', import.meta.url));
  const help = execFileSync(process.execPath, [program, command, '--help'], { encoding: 'utf8' });
  return `\`\`\`sh run\nnpx aiomultiprocess ${command} --help\n\`\`\`\n\n\`\`\`text\n${help.trim()}\n\`\`\``;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const name of readdirSync(docs, { recursive: true }).filter((each) => each.endsWith('.md'))) {
    const file = new URL(name, docs);
    const page = readFileSync(file, 'utf8');
    const rendered = renderOptions(page);
    if (rendered !== page) writeFileSync(file, rendered);
  }
}
