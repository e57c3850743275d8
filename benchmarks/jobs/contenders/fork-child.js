const [, , module, task] = process.argv;
const ready = import(module);
let last = Promise.resolve();

process.on('message', (item) => {
  // One after the other: the parent knows the results by their order.
  last = last.then(async () => {
    const { [task]: fn } = await ready;
    process.send(await fn(item));
  });
});
process.on('disconnect', () => process.exit());
