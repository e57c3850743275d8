type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

interface Expectation<Expected> {
  /** Compiles only if the value's type is exactly the expected one: `any` is not good enough. */
  of<Actual>(value: Actual, ...differs: Equal<Actual, Expected> extends true ? [] : [expected: Expected]): void;
}

/** `expectType<string[]>().of(await result)`, checked by the compiler; the files here are never run. */
export declare function expectType<Expected>(): Expectation<Expected>;
