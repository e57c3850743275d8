// Runs `aiomultiprocess map` in a terminal (tmux), interrupts and resumes it, and draws the screen: docs/pictures/cli.svg
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const COLUMNS = 100;
const ROWS = 13;
const DEADLINE = 30_000;

const TASKS = `
import { setTimeout } from 'node:timers/promises';
export async function fetchStatus(url) {
  await setTimeout(100 + Math.random() * 200);
  return { url, status: 200 };
}
`;

const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-picture-'));
const socket = join(folder, 'tmux');
const tmux = (...args) => execFileSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], { encoding: 'utf8' });
const screen = () => tmux('capture-pane', '-p').trimEnd();

try {
  writeFileSync(join(folder, 'tasks.mjs'), TASKS);
  const urls = Array.from({ length: 600 }, (_, index) => `https://example.com/${index + 1}\n`);
  writeFileSync(join(folder, 'urls.txt'), urls.join(''));
  const shell = `cd '${folder}'; npx() { shift; '${process.execPath}' '${root}dist/bin/aiomultiprocess.js' "$@"; }; clear`;
  tmux('new-session', '-d', '-x', String(COLUMNS), '-y', String(ROWS), 'env', 'PS1=$ ', 'sh');
  await type(shell);
  await shows(/^\$$/);
  const map = 'npx aiomultiprocess map ./tasks.mjs#fetchStatus -i urls.txt -o results.ndjson --resume';
  await type(map);
  await sleep(2500);
  tmux('send-keys', 'C-c');
  await shows(/interrupted[\s\S]*\n\$$/);
  await type(map);
  await shows(/resuming[\s\S]*\n\$$/);
  await type('wc -l results.ndjson; tail -1 results.ndjson');
  await shows(/"status":200}\n\$$/);
  mkdirSync(join(root, 'docs/pictures'), { recursive: true });
  writeFileSync(join(root, 'docs/pictures/cli.svg'), draw(screen().split('\n')));
} finally {
  tmux('kill-server');
  rmSync(folder, { recursive: true });
}

async function type(line) {
  tmux('send-keys', '-l', line);
  tmux('send-keys', 'Enter');
  await sleep(100);
}

/** Waits until the screen matches. */
async function shows(pattern) {
  const deadline = performance.now() + DEADLINE;
  while (!pattern.test(screen())) {
    if (performance.now() > deadline) throw new Error(`the terminal does not show ${pattern}, but:\n${screen()}`);
    await sleep(50);
  }
}

/** Draws the lines in the colours of a terminal. */
function draw(lines) {
  const [width, height, margin] = [8.4, 19, 16];
  const text = lines.map((line, row) => {
    const colour = line.startsWith('$') ? '#9ece6a' : '#c0caf5';
    const escaped = line.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
    return `<text x="${margin}" y="${Math.round(margin + height * (row + 0.8))}" fill="${colour}">${escaped}</text>`;
  });
  const size = [COLUMNS * width + 2 * margin, lines.length * height + 2 * margin].map(Math.ceil);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.join(' ')}" width="${size[0]}" height="${size[1]}"
  font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" xml:space="preserve">
<rect width="100%" height="100%" rx="8" fill="#1a1b26"/>
${text.join('\n')}
</svg>
`;
}
