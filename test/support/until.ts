/** Polls a condition that no event announces, for as long as a slow machine may need. */
export async function until(isMet: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await isMet())) {
    if (performance.now() > deadline) throw new Error('condition not met within 15 s');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
