/**
 * Changes the clock of a program, as if its machine was set wrong:
 *
 *     node --import file:///…/skew-clock.mjs?milliseconds=120000 program.js
 */
const offset = Number(new URL(import.meta.url).searchParams.get('milliseconds'));
const { now } = Date;

globalThis.Date = new Proxy(Date, {
  apply: (date) => new date(now() + offset).toString(),
  construct: (date, args, target) => Reflect.construct(date, args.length === 0 ? [now() + offset] : args, target),
});
Date.now = () => now() + offset;
