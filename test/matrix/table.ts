/** The table in docs/compatibility.md, which the matrix writes between two markers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

const page = resolve(import.meta.dirname, '../../docs/compatibility.md');
const marks = /(<!-- matrix -->\n)([\s\S]*?)(<!-- \/matrix -->)/;

export interface Row {
  tool: string;
  version: string;
  node: string;
  result: string;
}

/** Replaces the rows of the same tools, and drops the rows of tools that are not listed. */
export function writeRows(rows: Row[], tools: string[]): void {
  const text = readFileSync(page, 'utf8');
  const old = marks.exec(text)?.[2];
  if (old === undefined) throw new Error('docs/compatibility.md has no markers <!-- matrix --> and <!-- /matrix -->');
  const tried = new Set(rows.map(({ tool }) => tool));
  const kept = readRows(old).filter(({ tool }) => !tried.has(tool));
  const sorted = tools.flatMap((tool) => [...kept, ...joinNodes(rows)].filter((row) => row.tool === tool));
  const lines = sorted.map(({ tool, version, node, result }) => `| ${tool} | ${version} | ${node} | ${result} |\n`);
  const table = `\n| Tool | Version | Node.js | Result |\n| --- | --- | --- | --- |\n${lines.join('')}\n`;
  writeFileSync(
    page,
    text.replace(marks, (_, open: string, __, close: string) => open + table + close),
  );
}

/** Merges the rows that differ only in the version of Node.js. */
function joinNodes(rows: Row[]): Row[] {
  const joined = new Map<string, Row>();
  for (const row of rows) {
    const key = JSON.stringify([row.tool, row.version, row.result]);
    const same = joined.get(key);
    joined.set(key, same ? { ...same, node: `${same.node}, ${row.node}` } : row);
  }
  return [...joined.values()];
}

function readRows(table: string): Row[] {
  const [, , ...lines] = table.trim().split('\n');
  return lines.map((line) => {
    const [, tool = '', version = '', node = '', result = ''] = line.split('|').map((cell) => cell.trim());
    return { tool, version, node, result };
  });
}
