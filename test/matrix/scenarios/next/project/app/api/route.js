import { join } from 'node:path';
import { Pool, tasksFrom } from 'aiomultiprocess';

const { double } = tasksFrom(join(process.cwd(), 'tasks/double.mjs'));
export const dynamic = 'force-dynamic';
export async function GET() {
  return Response.json(await Pool.using({ processes: 2 }, (pool) => pool.map(double, [1, 2, 3])));
}
