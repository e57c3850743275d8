// The programs of docs/examples/, each of which has a page on the site.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../examples/', import.meta.url));

/** The path of the page of a file, relative to docs/examples/. */
export const pageOf = (file) => `/programs/${nameOf(file)}.md`;

const nameOf = (file) => file.replace(/\.[cm]?[jt]s$/, '').replaceAll('/', '-');

/** @returns the name, the language and the text of each program. */
export function listPrograms() {
  const files = readdirSync(folder, { recursive: true }).map((file) => file.replaceAll('\\', '/'));
  const programs = files.filter((file) => /\.[cm]?[jt]s$/.test(file) && !file.includes('node_modules')).toSorted();
  return programs.map((file) => ({ file, name: nameOf(file), text: readFileSync(folder + file, 'utf8').trim() }));
}

/** The page: the comment at the beginning of the program as prose, with its command as code, and the whole program. */
export function renderProgram({ file, name, text }) {
  const comment = /^(?:\/\/.*\n)+/.exec(text)?.[0] ?? '';
  const prose = comment
    .replaceAll(/^\/\/ ?/gm, '')
    .trim()
    .replace(/\s*\bUsage: (.+)$/m, '\n\n```sh\n$1\n```\n');
  const language = /ts$/.test(file) ? 'ts' : 'js';
  const code = text.slice(comment.length).trim();
  return `# ${name}\n\n${prose}\n\n\`\`\`${language} file=docs/examples/${file}\n${code}\n\`\`\`\n`;
}
