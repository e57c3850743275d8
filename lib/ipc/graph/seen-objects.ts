/** Up to this many objects, a search takes less time than the hash that a set computes for each new object. */
const FEW = 64;
/** From here on, the search of V8 is faster than a loop, also before V8 has compiled the loop. */
const SOME = 8;

/** The visited objects of one value. */
export class SeenObjects {
  private readonly few: (object | undefined)[] = new Array(FEW).fill(undefined);
  private count = 0;
  private many: Set<object> | undefined;

  /** @returns whether it was added before. */
  add(object: object): boolean {
    const { few, count, many } = this;
    if (many !== undefined) {
      const { size } = many;
      return many.add(object).size === size;
    }
    if (count < SOME) {
      for (let index = 0; index < count; index++) if (few[index] === object) return true;
    } else if (few.includes(object)) return true;
    if (count < FEW) {
      few[count] = object;
      this.count = count + 1;
    } else this.many = new Set(few as object[]).add(object);
    return false;
  }

  clear(): void {
    if (this.count < SOME) for (let index = 0; index < this.count; index++) this.few[index] = undefined;
    else this.few.fill(undefined);
    this.count = 0;
    this.many = undefined;
  }
}
