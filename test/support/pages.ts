import { readdirSync, readFileSync } from 'node:fs';
import { root } from './run.ts';

/** A fenced block of a page; test/docs.test.ts explains the words after its fence. */
export interface Block {
  page: string;
  /** The line of its opening fence, from 1. */
  line: number;
  language: string;
  checkOnly: boolean;
  /** Whether it is a file of docs/examples, which has a test of its own. */
  isExample: boolean;
  /** Whether the block runs as a whole, without a type check: a shell script, or a program of another package or language. */
  runs: boolean;
  /** Its file, relative to the page's own folder. */
  file: string;
  text: string;
  /**
   * The whole page, in which all lines outside this block and its context are blank, so that errors have the line numbers
   * of the page.
   */
  source: string;
  /** The text block right after it. */
  output?: string;
}

/** A page and the blocks on it. */
export interface Page {
  name: string;
  text: string;
  blocks: Block[];
}

/** The folders of pages. Others in docs/ hold programs, pictures and what is built from the sources. */
const FOLDERS = ['docs', 'docs/guides', 'docs/moving-from', 'docs/recipes'];

/** README.md and the pages of docs/. */
export function pages(): Page[] {
  const names = FOLDERS.flatMap((folder) => readdirSync(root + folder).map((name) => `${folder}/${name}`));
  return ['README.md', ...names.filter((name) => name.endsWith('.md'))].map((name) => {
    const text = readFileSync(root + name, 'utf8');
    return { name, text, blocks: blocksOf(name, text) };
  });
}

/** The blocks of a page, in order. Only fences of three backticks, at any indentation. */
export function blocksOf(page: string, text: string): Block[] {
  const lines = text.split('\n');
  const blocks: Block[] = [];
  let context: [from: number, to: number] = [0, 0];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string;
    if (/^\s*<!-- context$/.test(line)) {
      const end = lines.indexOf('-->', at);
      if (end < 0) throw new Error(`${page}:${at + 1}: a context that does not end with a line "-->"`);
      context = [at + 1, end];
      at = end;
    }
    const fence = /^(\s*)```(\S*)\s*(.*)$/.exec(line);
    if (!fence) continue;
    const [, indent = '', language = '', info = ''] = fence;
    const end = lines.findIndex((other, index) => index > at && /^\s*```\s*$/.test(other));
    if (end < 0) throw new Error(`${page}:${at + 1}: a block without an end`);
    const body = lines.slice(at + 1, end).map((kept) => (kept.startsWith(indent) ? kept.slice(indent.length) : kept));
    const previous = blocks.at(-1);
    if (language === 'text' && previous && previous.output === undefined) {
      previous.output = body.join('\n');
    } else {
      const [from, to] = context;
      const words = info.split(/\s+/).filter(Boolean);
      const unknown = words.filter(
        (word) =>
          word !== 'check' &&
          !(word === 'example' && ['js', 'yaml', 'json', 'ini'].includes(language)) &&
          !(word === 'run' && ['js', 'sh', 'python'].includes(language)) &&
          !/^file=[\w-]+\.([cm]?[jt]s|py)$/.test(word),
      );
      if (unknown.length > 0) throw new Error(`${page}:${at + 1}: unknown word "${unknown[0]}" after the fence`);
      const name = words.find((word) => word.startsWith('file='))?.slice(5);
      // A context declares names from earlier on the page, which requires TypeScript.
      const type = language === 'python' ? 'py' : language === 'ts' || to > from ? 'ts' : 'mjs';
      blocks.push({
        page,
        line: at + 1,
        language,
        checkOnly: words.includes('check'),
        isExample: words.includes('example'),
        runs: words.includes('run'),
        file: name ?? `line-${at + 1}.${type}`,
        text: body.join('\n'),
        source: lines
          .slice(0, end)
          .map((kept, index) => (index > at || (index >= from && index < to) ? kept : ''))
          .join('\n'),
      });
    }
    context = [0, 0];
    at = end;
  }
  return blocks;
}
