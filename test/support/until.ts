/** Nobody tells what is in a datastore: asks again and again, for as long as a slow machine may need. */
export async function until(isMet: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await isMet())) {
    if (performance.now() > deadline) throw new Error('it did not come to that');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
