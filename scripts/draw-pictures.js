// Draws the pictures of docs/observability.md from a real run of docs/examples/observe.js: the terminal during the run, as
// tmux shows it, and the trace file. Requires tmux.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const docs = new URL('../docs/', import.meta.url);
const example = fileURLToPath(new URL('examples/observe.js', docs));
const [COLUMNS, LINES] = [80, 6];
const SESSION = `aiomultiprocess-${process.pid}`;
const COLORS = ['#4c78a8', '#f58518', '#54a24b', '#b279a2'];

const folder = mkdtempSync(join(tmpdir(), 'aiomultiprocess-'));
try {
  const { screen, trace } = await runInTmux(join(folder, 'run.json'));
  writeFileSync(new URL('pictures/progress.svg', docs), drawTerminal(screen));
  writeFileSync(new URL('pictures/trace.svg', docs), drawTrace(trace));
} finally {
  rmSync(folder, { recursive: true });
}

/** Captures the screen when the first bar has reached a quarter, and reads the trace when the program has exited. */
async function runInTmux(file) {
  const tmux = (...args) => execFileSync('tmux', args, { encoding: 'utf8' });
  const end = join(folder, 'end');
  const command = `'${process.execPath}' '${example}' '${file}'; touch '${end}'; cat`;
  tmux('new-session', '-d', '-s', SESSION, '-x', String(COLUMNS), '-y', String(LINES), command);
  try {
    let screen = '';
    while (!existsSync(end)) {
      const now = tmux('capture-pane', '-p', '-t', SESSION);
      const [, done, total] = /(\d+)\/(\d+)/.exec(now) ?? [];
      if (screen === '' && done / total > 0.25) screen = now;
      await sleep(50);
    }
    return { screen: screen.trimEnd(), trace: JSON.parse(readFileSync(file, 'utf8')) };
  } finally {
    tmux('kill-session', '-t', SESSION);
  }
}

function drawTerminal(screen) {
  const lines = [`$ node docs/examples/observe.js run.json`, ...screen.split('\n')];
  const [width, height] = [COLUMNS * 8 + 24, lines.length * 20 + 24];
  const texts = lines.map(
    (line, at) => `<text x="12" y="${26 + at * 20}" xml:space="preserve">${escapeText(line)}</text>`,
  );
  return wrap(
    width,
    height,
    `<rect width="100%" height="100%" rx="6" fill="#1e1e1e"/><g fill="#e0e0e0" font-family="monospace" font-size="13">${texts.join('')}</g>`,
  );
}

/** Rows and slices as Perfetto shows them. */
function drawTrace(events) {
  const named = (wanted, { pid, tid }) =>
    events.find(({ ph, name, ...at }) => ph === 'M' && name === wanted && at.pid === pid && at.tid === tid)?.args.name;
  const slices = events.filter(({ ph, dur }) => ph === 'X' && dur > 0);
  const keys = [...new Set(slices.map(({ pid, tid }) => pid * 1000 + tid))].sort((one, other) => one - other);
  const rows = keys.map((key) => ({ pid: Math.floor(key / 1000), tid: key % 1000 }));
  const begin = Math.min(...slices.map(({ ts }) => ts));
  const end = Math.max(...slices.map(({ ts, dur }) => ts + dur));
  const names = [...new Set(slices.map(({ name }) => name))];
  const [left, top, rowHeight, width] = [150, 34, 18, 960];
  const toX = (time) => left + ((time - begin) / (end - begin)) * (width - left - 12);
  const parts = names.map(
    (name, at) =>
      `<rect x="${left + at * 120}" y="10" width="12" height="12" fill="${COLORS[at]}"/>` +
      `<text x="${left + 18 + at * 120}" y="20">${escapeText(name)}</text>`,
  );
  rows.forEach((row, at) => {
    const y = top + at * rowHeight;
    const label = `${named('process_name', { ...row, tid: 0 })}: ${named('thread_name', row)}`;
    parts.push(`<text x="8" y="${y + 12}">${escapeText(label)}</text>`);
    for (const { ts, dur, name } of slices.filter(({ pid, tid }) => pid === row.pid && tid === row.tid)) {
      const size = Math.max(toX(ts + dur) - toX(ts) - 0.4, 0.4);
      const fill = COLORS[names.indexOf(name)];
      parts.push(
        `<rect x="${toX(ts).toFixed(1)}" y="${y}" width="${size.toFixed(1)}" height="${rowHeight - 3}" fill="${fill}"/>`,
      );
    }
  });
  const bottom = top + rows.length * rowHeight + 14;
  const step = [0.1, 0.2, 0.5, 1, 2, 5].find((seconds) => (end - begin) / (seconds * 1e6) < 12) * 1e6;
  for (let time = 0; time <= end - begin; time += step) {
    parts.push(`<text x="${toX(begin + time).toFixed(1)}" y="${bottom}">${time / 1e6} s</text>`);
  }
  return wrap(
    width,
    bottom + 10,
    `<rect width="100%" height="100%" fill="#fff"/><g font-family="sans-serif" font-size="11" fill="#333">${parts.join('')}</g>`,
  );
}

function wrap(width, height, content) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">${content}</svg>\n`;
}

function escapeText(text) {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}
