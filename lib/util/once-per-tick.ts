import { nextTick } from './clock.js';

/** Makes a function that runs `run` once, when the current tick is over, however often it is called until then. */
export function oncePerTick(run: () => void): () => void {
  let isScheduled = false;
  const runScheduled = () => {
    isScheduled = false;
    run();
  };
  return () => {
    if (isScheduled) return;
    isScheduled = true;
    nextTick(runScheduled);
  };
}
