// Jobs with real input, each in one call: what a process has used is read after it.
const { readFileSync } = require('node:fs');
const { gzipSync } = require('node:zlib');

/** Scans source files with the scanner of TypeScript, and compresses them. */
function scan(files) {
  const ts = require('typescript');
  let tokens = 0;
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    const scanner = ts.createScanner(ts.ScriptTarget.Latest, true, 0, text);
    while (scanner.scan() !== ts.SyntaxKind.EndOfFileToken) tokens++;
    gzipSync(text);
  }
  return tokens;
}

/** Parses 300 records of 2 KB, 20 times, and writes them again. */
function json() {
  const record = { name: 'a name', tags: Array.from({ length: 40 }, (_, at) => `tag ${at}`), values: [] };
  for (let at = 0; at < 60; at++) record.values.push({ at, half: at / 2, label: `label ${at}` });
  const text = JSON.stringify(Array.from({ length: 300 }, (_, id) => ({ id, ...record })));
  let length = 0;
  for (let round = 0; round < 20; round++) length += JSON.stringify(JSON.parse(text)).length;
  return length;
}

/** Renders pages of Markdown. */
async function markdown(files) {
  const { marked } = await import('marked');
  let length = 0;
  for (let round = 0; round < 4; round++) {
    for (const file of files) length += marked.parse(readFileSync(file, 'utf8')).length;
  }
  return length;
}

/** The CPU seconds of this process so far, and its largest memory in MiB. */
function readUsage() {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { cpu: (userCPUTime + systemCPUTime) / 1e6, memory: maxRSS / 1024 };
}

module.exports = { scan, json, markdown, readUsage };
