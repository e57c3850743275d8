import type { IncomingMessage } from 'node:http';
import type { PoolActions } from '../../observe/inspection.js';
import { isObject } from '../../util/guards.js';

/** The longest request, in bytes. */
const MAX_BODY = 4096;

const ACTIONS: { readonly [Name in keyof PoolActions]: (actions: PoolActions, id: number) => boolean } = {
  cancelMap: (actions, id) => actions.cancelMap(id),
  cancelTask: (actions, id) => actions.cancelTask(id),
  replaceProcess: (actions, id) => actions.replaceProcess(id),
  pause: (actions) => actions.pause(),
  resume: (actions) => actions.resume(),
};

/** An action that was asked for, checked. */
export interface AskedAction {
  pool: string;
  run(actions: PoolActions): boolean;
}

/** Reads an action from the body of a request. @returns what is wrong with it otherwise. */
export async function readAction(request: IncomingMessage): Promise<AskedAction | string> {
  if (request.headers['content-type'] !== 'application/json') return 'expected the content type application/json';
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    body += chunk;
    if (body.length > MAX_BODY) return `expected at most ${MAX_BODY} bytes`;
  }
  const { pool, action, id = 0 } = parse(body) ?? {};
  if (typeof pool !== 'string') return 'expected {"pool":…,"action":…,"id":…} with the id of a pool';
  if (typeof action !== 'string' || !Object.hasOwn(ACTIONS, action)) {
    return `expected one of the actions ${Object.keys(ACTIONS).join(', ')}`;
  }
  if (typeof id !== 'number' || !Number.isSafeInteger(id)) return 'expected an integer as the id';
  return { pool, run: (actions) => ACTIONS[action as keyof PoolActions](actions, id) };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
