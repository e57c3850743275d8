/** Objects with more keys are used as dictionaries: a record for each set of keys would be waste. */
const MAX_KEYS = 64;
/** How many a decoder keeps. */
const MAX_SHAPES = 1024;
/** Each key of a known shape is a step; keys that differ from object to object would fill the memory. */
const MAX_STEPS = 16 * 1024;

/** What is known of objects whose first keys are these. */
export class Shape {
  /** The number of the record, or -1 if none was defined. */
  id = -1;
  /** How many keys lead here. */
  readonly size: number;
  /** All keys of the record, once it was defined. */
  keys: readonly string[] = [];
  /** The key that came next the first time, which it mostly does again, and where it leads. */
  nextKey: string | undefined;
  next: Shape | undefined;
  #others: Map<string, Shape> | undefined;

  constructor(size: number) {
    this.size = size;
  }

  find(key: string): Shape | undefined {
    return key === this.nextKey ? this.next : this.#others?.get(key);
  }

  add(key: string): Shape {
    const shape = new Shape(this.size + 1);
    if (this.nextKey === undefined) {
      this.nextKey = key;
      this.next = shape;
    } else {
      this.#others ??= new Map();
      this.#others.set(key, shape);
    }
    return shape;
  }
}

/** The lists of keys that the decoder at the other end knows, by the order in which an object has them. */
export class RecordShapes {
  root = new Shape(0);
  readonly #defined: Shape[] = [];
  #steps = 0;

  get count(): number {
    return this.#defined.length;
  }

  /** Before a value: whether the shapes it needs will mostly fit is seen by those before it. */
  makeRoom(): void {
    if (this.#defined.length >= MAX_SHAPES || this.#steps >= MAX_STEPS) this.clear();
  }

  /** What is written next defines every shape again that it needs. */
  clear(): void {
    this.root = new Shape(0);
    this.#defined.length = 0;
    this.#steps = 0;
  }

  /** @returns undefined for a key that no record may have, or one too many. */
  extend(shape: Shape, key: string): Shape | undefined {
    const known = shape.find(key);
    if (known !== undefined) return known;
    if (shape.size >= MAX_KEYS || isUnfit(key)) return undefined;
    this.#steps++;
    return shape.add(key);
  }

  /** Gives the shape of `record` a number. @returns false if none is left, or some of the keys are inherited. */
  define(shape: Shape, record: object): boolean {
    const keys = Object.keys(record);
    if (this.#defined.length >= MAX_SHAPES || keys.length !== shape.size) return false;
    shape.keys = keys;
    shape.id = this.#defined.push(shape) - 1;
    return true;
  }

  /** Forgets the definitions from this one on: they were not sent. */
  truncate(count: number): void {
    for (const shape of this.#defined.splice(count)) shape.id = -1;
  }
}

/**
 * '0' may belong to an `arguments` object; '__proto__' would be taken for the prototype; and a key that UTF-8 would change
 * is for `graph.ts`.
 */
function isUnfit(key: string): boolean {
  return key === '0' || key === '__proto__' || !key.isWellFormed() || key.charCodeAt(0) === 0xfeff;
}
