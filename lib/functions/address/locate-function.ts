/** Locates a function of this process: its script and position, and the variables around it that hold it. */

import { isAbsolute } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isObject } from '../../util/guards.js';
import { type Inspector, type PropertyList, type RemoteObject, toRemoteObject, withInspector } from './inspector.js';

/** A scope around a function. Lists of scopes start with the innermost and omit the global ones. */
export interface Scope {
  /** V8's description: `Module`, `Closure (make)`, `Block`… */
  description: string;
  /** The variables in it whose value is the function. */
  holders: string[];
}

export interface CodeLocation {
  kind: 'code';
  scriptId: string;
  /** A URL; `''` or a word like `[eval]` for code without a file. */
  url: string;
  /** Counted from 0, in the code as it runs, which a loader may have rewritten. */
  line: number;
  column: number;
  scopes: Scope[];
}

export type FunctionLocation = { kind: 'native' } | { kind: 'bound' } | CodeLocation;

/** The URLs of known scripts, by V8's script id, which is never reused. */
const urls = new Map<string, string>();

export function locateFunction(fn: object): FunctionLocation {
  return withInspector((inspector) => {
    const remote = toRemoteObject(inspector, fn);
    const internals = readInternals(inspector, remote);
    const location = internals.get('[[FunctionLocation]]')?.value;
    if (!isLocation(location)) return { kind: internals.has('[[TargetFunction]]') ? 'bound' : 'native' };
    const { scriptId, lineNumber: line, columnNumber: column } = location;
    const scopes = readScopes(inspector, remote, internals.get('[[Scopes]]'));
    return { kind: 'code', scriptId, url: urlOfScript(inspector, scriptId), line, column, scopes };
  });
}

interface ScriptLocation {
  scriptId: string;
  lineNumber: number;
  columnNumber: number;
}

function isLocation(value: unknown): value is ScriptLocation {
  return isObject(value) && 'scriptId' in value && 'lineNumber' in value;
}

function readInternals({ post }: Inspector, { objectId }: RemoteObject): Map<string, RemoteObject> {
  const { internalProperties = [] } = post<PropertyList>('Runtime.getProperties', { objectId, ownProperties: true });
  return new Map(internalProperties.map(({ name, value = {} }) => [name, value]));
}

function readScopes({ post }: Inspector, fn: RemoteObject, list: RemoteObject | undefined): Scope[] {
  if (list?.objectId === undefined) return [];
  const { result } = post<PropertyList>('Runtime.getProperties', { objectId: list.objectId, ownProperties: true });
  const scopes: Scope[] = [];
  for (const { value } of result) {
    const description = value?.description ?? '';
    if (value?.objectId === undefined || /^(Global|Script)\b/.test(description)) continue;
    const { result: answer } = post<{ result: RemoteObject }>('Runtime.callFunctionOn', {
      objectId: value.objectId,
      functionDeclaration: LIST_HOLDERS,
      arguments: [{ objectId: fn.objectId }],
      returnByValue: true,
      silent: true,
    });
    const holders = Array.isArray(answer.value) ? answer.value.map(String) : [];
    scopes.push({ description, holders });
  }
  return scopes;
}

/** Runs inside the inspector, on V8's snapshot of one scope: its `object` has the variables as plain properties. */
const LIST_HOLDERS = `function (fn) {
  return Object.getOwnPropertyNames(this.object).filter((name) => this.object[name] === fn);
}`;

function urlOfScript(inspector: Inspector, scriptId: string): string {
  if (!urls.has(scriptId)) readCoverage(inspector);
  if (!urls.has(scriptId)) enableDebugger(inspector);
  return urls.get(scriptId) ?? '';
}

/**
 * Lists the scripts of the code that has run, among them those of nearly all functions. That takes 5 ms, the debugger
 * 25 ms. The profiler must not be enabled for it: disabling it would end the coverage of other sessions too.
 */
function readCoverage({ post }: Inspector): void {
  const { result } = post<{ result: { scriptId: string; url: string }[] }>('Profiler.getBestEffortCoverage');
  for (const { scriptId, url } of result) urls.set(scriptId, toUrl(url));
}

/** Lists every script. */
function enableDebugger({ session, post }: Inspector): void {
  session.on('Debugger.scriptParsed', ({ params }) => urls.set(params.scriptId, toUrl(params.url)));
  post('Debugger.enable');
}

/** The text of a script, as it runs. */
export function readScript(scriptId: string): string {
  return withInspector(({ post }) => {
    post('Debugger.enable');
    return post<{ scriptSource: string }>('Debugger.getScriptSource', { scriptId }).scriptSource;
  });
}

/** Code that the program compiles itself, as Jest does, has a path as its name, not a URL. */
function toUrl(name: string): string {
  return isAbsolute(name) ? pathToFileURL(name).href : name;
}
