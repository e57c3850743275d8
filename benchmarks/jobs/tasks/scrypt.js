import { scryptSync } from 'node:crypto';

export async function work({ password, salt }) {
  return scryptSync(password, salt, 64).toString('hex');
}
