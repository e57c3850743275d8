/**
 * What a process is told before it runs any code: that it is a child, and how it should look to its tasks.
 *
 * It stands in the environment, where also a program sees it that was started and runs something else than the child's
 * entry: such a program must not start processes, each of which would do the same.
 */
export interface ChildMark {
  /** Where it should work, if it was started elsewhere: see lib/start-folder.ts. */
  folder?: string;
  /** What `process.title` should be, if it is not what it is anyway. */
  title?: string;
}

const NAME = 'AIOMULTIPROCESS_CHILD';

export function writeMark(mark: ChildMark): NodeJS.ProcessEnv {
  return { [NAME]: JSON.stringify(mark) };
}

export function isMarked(): boolean {
  return process.env[NAME] !== undefined;
}

/** The mark of this process. The processes that it starts do not inherit it. */
export function takeMark(): ChildMark {
  const mark = process.env[NAME];
  delete process.env[NAME];
  return mark === undefined ? {} : (JSON.parse(mark) as ChildMark);
}
