import { ProtocolError } from '../errors.js';

/**
 * Objects that stand for something outside of their process, as those of a manager do. What travels is where that is.
 */

/** The method by which such an object says what it travels as: the kind of handle, and what its maker needs. */
export const HANDLE: unique symbol = Symbol.for('aiomultiprocess.handle') as never;

type Part = string | number;
export type HandleParts = readonly [kind: string, ...Part[]];

/** An object that travels as a handle. */
export interface Handle {
  [HANDLE](): HandleParts;
}

/** Makes the object again in another process. @throws {@link ProtocolError} for parts that make none. */
type Maker = (parts: readonly unknown[]) => object;

/** Makes an object of any kind that travels as a handle. */
export type HandleMaker = (parts: readonly unknown[]) => object;

const KEY = Symbol.for('aiomultiprocess.handles');

/**
 * By kind. They are kept on `globalThis`, as the classes of errors are: a program may load the package a second time in
 * a process, and all that is decoded there must lead to the same things.
 */
const makers = openMakers();

function openMakers(): Map<string, Maker> {
  const existing: Map<string, Maker> | undefined = Reflect.get(globalThis, KEY);
  const opened = existing ?? new Map<string, Maker>();
  if (existing === undefined) Reflect.defineProperty(globalThis, KEY, { value: opened });
  return opened;
}

/** The first maker of a kind stays. */
export function registerHandle(kind: string, maker: Maker): void {
  if (!makers.has(kind)) makers.set(kind, maker);
}

export function isHandle(value: object): value is Handle {
  return typeof (value as Partial<Handle>)[HANDLE] === 'function';
}

export function describeHandle(value: object): HandleParts {
  return (value as Handle)[HANDLE]();
}

/**
 * @throws {@link ProtocolError}
 */
export function makeHandle([kind, ...parts]: readonly unknown[]): object {
  const maker = makers.get(kind as string);
  if (maker === undefined) throw new ProtocolError(`there is no handle of kind ${String(kind)}`);
  return maker(parts);
}
