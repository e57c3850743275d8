/** Short sessions with this thread's own inspector, which shows what the language hides about functions. */

import type { Session } from 'node:inspector';

export interface Inspector {
  session: Session;
  /** Sends a command and returns its answer: the inspector of this thread answers synchronously. */
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
 * Runs `use` with a session and always disconnects: an open session keeps alive every object that it has shown.
 *
 * The inspector is loaded on first use: it takes 2 ms, and most children never need it.
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
 * The inspector's handle of a value of any realm.
 *
 * The value is put briefly on the object of a core module, which all realms of the thread share. Inside a vm context,
 * such as Jest's, `globalThis` is not the inspector's `globalThis`.
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
