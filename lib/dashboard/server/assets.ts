import { readFileSync } from 'node:fs';

/** A file of the page. */
export interface Asset {
  type: string;
  body: Buffer;
}

/** In dist/, the bundle of this module lies in lib/, beside the folder of the page. */
const folder = new URL('../dashboard/', import.meta.url);

const FILES: Readonly<Record<string, [file: string, type: string]>> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
  '/icon.svg': ['icon.svg', 'image/svg+xml'],
};

const read = new Map<string, Asset>();

/** The file of the page at this path. */
export function findAsset(path: string): Asset | undefined {
  const known = read.get(path);
  if (known !== undefined) return known;
  if (!Object.hasOwn(FILES, path)) return undefined;
  const [file, type] = FILES[path] as [string, string];
  const asset = { type, body: readFileSync(new URL(file, folder)) };
  read.set(path, asset);
  return asset;
}
