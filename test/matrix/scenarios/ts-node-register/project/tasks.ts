import { Sign } from './helper';

export async function double(n: number): Promise<number> {
  return n * 2 * Sign.Plus;
}
