import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Runs the body with the path of a new file, in a folder that is removed afterwards. */
export async function withFile<T>(body: (file: string) => Promise<T>): Promise<T> {
  return withFolder((folder) => body(join(folder, 'log')));
}

/** Runs the body with an empty folder, which is removed afterwards. */
export async function withFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'aiomultiprocess-test-'));
  try {
    return await body(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The lines of a file; none if it does not exist. */
export async function linesOf(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.split('\n').filter(Boolean);
}
