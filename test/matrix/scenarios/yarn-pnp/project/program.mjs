import { isMainProcess, Pool } from 'aiomultiprocess';

export const double = async (value) => value * 2;

if (isMainProcess) console.log(String(await Pool.using({ processes: 2 }, (pool) => pool.map(double, [1, 2]))));
