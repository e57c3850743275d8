const factor = 2;
export async function double(n) {
  return n * factor;
}
export const triple = async (n) => n * 3;
export const make = (m) => async (n) => n * m;
export const seven = make(7);
