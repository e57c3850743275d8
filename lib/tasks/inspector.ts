/** A short conversation with this thread's own inspector, which knows of functions what the language hides. */

import type { Session } from 'node:inspector';

export interface Inspector {
  session: Session;
  /** Sends a command; the answer is there when it returns, for the inspector works in this very thread. */
  post: <T>(method: string, params?: object) => T;
}

export interface RemoteObject {
  objectId?: string;
  description?: string;
  value?: unknown;
}

export interface PropertyList {
  result: { name: string; value?: RemoteObject }[];
  internalProperties?: { name: string; value?: RemoteObject }[];
}

/**
 * Runs `use` with a session and always disconnects: an open session keeps every object it has shown alive.
 *
 * The inspector is taken from Node when it is first needed, for it costs a child 2 ms of start-up that most
 * children never need.
 */
export function withInspector<T>(use: (inspector: Inspector) => T): T {
  const session = new (loadInspector().Session)();
  session.connect();
  try {
    return use({ session, post: (method, params) => post(session, method, params) });
  } finally {
    session.disconnect();
  }
}

/**
 * Gives the inspector's handle of a value of any realm.
 *
 * The value is put on a core module's object for a moment: that object is one and the same for every realm of
 * the thread, whereas inside a vm context (Jest's, for one) `globalThis` is not the inspector's `globalThis`.
 */
export function toRemoteObject({ post }: Inspector, value: object): RemoteObject {
  const shelf = loadInspector();
  Reflect.set(shelf, SHELF, value);
  try {
    const expression = `process.getBuiltinModule('node:inspector')[Symbol.for('${SHELF.description}')]`;
    return post<{ result: RemoteObject }>('Runtime.evaluate', { expression, silent: true }).result;
  } finally {
    Reflect.deleteProperty(shelf, SHELF);
  }
}

const SHELF = Symbol.for('aiomultiprocess.shelf');

function loadInspector(): typeof import('node:inspector') {
  return process.getBuiltinModule('node:inspector');
}

function post<T>(session: Session, method: string, params?: object): T {
  let answer: unknown;
  let failure: Error | null = null;
  session.post(method, params, (error, result) => {
    failure = error;
    answer = result;
  });
  if (failure !== null) throw new Error(`the inspector refused ${method}`, { cause: failure });
  return answer as T;
}
