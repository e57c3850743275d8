import type { Call } from '../call.js';

/** An object's state and what can be done with it: each method answers at once, throws, or gives `WAITING`. */
export type State<Methods> = {
  [Name in keyof Methods]: (call: Call, args: readonly unknown[]) => unknown;
};
