/**
 * Marks a process as a child before it runs any code, with its working folder and title.
 *
 * The mark is in the environment, where code that runs before or instead of the child's entry sees it too: that code
 * must not start processes, because each of them would do the same.
 */
export interface ChildMark {
  /** The working folder, if the process starts in another one: see working-folder.ts. */
  folder?: string;
  /** The `process.title`, if it differs from the default. */
  title?: string;
  /** Whether the environment names the compile cache for this process only: see compile-cache.ts. */
  compileCache?: boolean;
}

const NAME = 'AIOMULTIPROCESS_CHILD';

export function writeMark(mark: ChildMark): NodeJS.ProcessEnv {
  return { [NAME]: JSON.stringify(mark) };
}

export function isMarked(): boolean {
  return process.env[NAME] !== undefined;
}

/** Reads and removes the mark of this process, so that the processes that it starts do not inherit it. */
export function takeMark(): ChildMark {
  const mark = process.env[NAME];
  delete process.env[NAME];
  return mark === undefined ? {} : (JSON.parse(mark) as ChildMark);
}
