import { Pool, Process, PoolClosedError, currentTask, isMainProcess, task } from 'aiomultiprocess';
import { type DashboardOptions, openDashboard } from 'aiomultiprocess/dashboard';
import { registerMetrics } from 'aiomultiprocess/metrics';
import { DistributedPool, Host } from 'aiomultiprocess/distributed';
export async function double(n: number): Promise<number> {
  return n * 2;
}
export async function main(): Promise<number[]> {
  const error: Error = new PoolClosedError();
  const options: DashboardOptions = { port: 0 };
  void [
    options,
    openDashboard,
    error,
    Process,
    currentTask,
    isMainProcess,
    task,
    registerMetrics,
    DistributedPool,
    Host,
  ];
  return Pool.using({ processes: 1 }, async (pool) => {
    for await (const x of pool.map(double, [1])) x.toFixed();
    return pool.map(double, [1, 2]);
  });
}
