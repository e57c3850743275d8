import { readFile } from 'node:fs/promises';
import MarkdownIt from 'markdown-it';

const markdown = new MarkdownIt({ html: true, linkify: true, typographer: true });

export async function work(path) {
  const html = markdown.render(await readFile(path, 'utf8'));
  return { pages: 1, length: html.length };
}
