type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

interface Expectation<Expected> {
  /** Compiles only if the type of the value equals the expected one. `any` does not. */
  of<Actual>(value: Actual, ...differs: Equal<Actual, Expected> extends true ? [] : [expected: Expected]): void;
}

/** `expectType<string[]>().of(await result)` is checked by the compiler and never runs. */
export declare function expectType<Expected>(): Expectation<Expected>;
