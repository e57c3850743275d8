import { clearTimeout, setTimeout } from './clock.js';

/** Whether a promise fulfils within a time, in milliseconds. @throws (rejects) if the promise rejects in that time. */
export async function isSettledWithin(promise: Promise<unknown>, time: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, time, false);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
