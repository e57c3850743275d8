import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { listInstalled, scaleCount } from '../input.js';

const DOCUMENTS = 40;
const PAGES = 20;
const LINES = 50;
const LENGTH = 90;

/** @type {import('../index.js').Job} */
export default {
  name: 'pdf-text',
  title: 'PDF documents, read as text',
  about:
    `extracts the text of documents of ${PAGES} pages with pdfjs-dist. pdf-lib makes the documents from the Markdown files of ` +
    '`node_modules`',
  libraries: ['pdfjs-dist', 'pdf-lib'],

  async prepare({ folder, scale }) {
    const { PDFDocument, StandardFonts } = await import('pdf-lib');
    const lines = await readLines();
    const paths = [];
    for (let index = 0; index < scaleCount(DOCUMENTS, scale); index++) {
      const document = await PDFDocument.create();
      const font = await document.embedFont(StandardFonts.Helvetica);
      for (let number = 0; number < PAGES; number++) {
        const start = ((index * PAGES + number) * LINES) % (lines.length - LINES);
        const page = document.addPage();
        page.drawText(lines.slice(start, start + LINES).join('\n'), { x: 40, y: 780, size: 10, lineHeight: 14, font });
      }
      const path = join(folder, `${index}.pdf`);
      await writeFile(path, await document.save());
      paths.push(path);
    }
    return paths;
  },
};

/** Lines of text in the characters that the font has. */
async function readLines() {
  const lines = [];
  for (const path of await listInstalled(/\.md$/i, { smallest: 1_000 })) {
    const text = (await readFile(path, 'utf8')).replace(/[^\x20-\x7e\n]/g, '');
    lines.push(...text.split('\n').map((line) => line.slice(0, LENGTH)));
    if (lines.length > (DOCUMENTS + 1) * PAGES * LINES) break;
  }
  return lines;
}
