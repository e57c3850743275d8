/** Objects with more keys are dictionaries: records for their sets of keys would be a waste. */
const MAX_KEYS = 64;
/** The number of shapes that a decoder keeps. */
const MAX_SHAPES = 1024;
/**
 * The number of known keys in sequence. Without a limit, keys that differ from object to object would fill the memory.
 */
const MAX_STEPS = 16 * 1024;

/** The objects that begin with a certain sequence of keys. */
export class Shape {
  /** The number of the record; -1 if it is not defined. */
  id = -1;
  /** The length of the sequence. */
  readonly size: number;
  /** The sequence of keys, once the record is defined. */
  keys: readonly string[] = [];
  /** The key that followed first, which mostly follows again, and the shape that it leads to. */
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

/** The sequences of keys that the decoder at the other end knows. */
export class RecordShapes {
  root = new Shape(0);
  readonly #defined: Shape[] = [];
  #steps = 0;

  get count(): number {
    return this.#defined.length;
  }

  /** Called before a value, whose shapes cannot be cleared while it is written. */
  makeRoom(): void {
    if (this.#defined.length >= MAX_SHAPES || this.#steps >= MAX_STEPS) this.clear();
  }

  /** Later values define the shapes that they need again. */
  clear(): void {
    this.root = new Shape(0);
    this.#defined.length = 0;
    this.#steps = 0;
  }

  /** @returns undefined for a key that a record must not have, and beyond the limit of keys. */
  extend(shape: Shape, key: string): Shape | undefined {
    const known = shape.find(key);
    if (known !== undefined) return known;
    if (shape.size >= MAX_KEYS || isUnfit(key)) return undefined;
    this.#steps++;
    return shape.add(key);
  }

  /** Gives the shape of `record` a number. @returns false if no number is left, or some of the keys are inherited. */
  define(shape: Shape, record: object): boolean {
    const keys = Object.keys(record);
    if (this.#defined.length >= MAX_SHAPES || keys.length !== shape.size) return false;
    shape.keys = keys;
    shape.id = this.#defined.push(shape) - 1;
    return true;
  }

  /** Removes the definitions from this number on: they were not sent. */
  truncate(count: number): void {
    for (const shape of this.#defined.splice(count)) shape.id = -1;
  }
}

/**
 * '0' may belong to an `arguments` object; '__proto__' would be taken for the prototype; and UTF-8 would change the key
 * in the other cases.
 */
function isUnfit(key: string): boolean {
  return key === '0' || key === '__proto__' || !key.isWellFormed() || key.charCodeAt(0) === 0xfeff;
}
