import type { PoolOptions } from 'aiomultiprocess';
import type { Log } from './log.js';

/** Opens the dashboard for the flag `--dashboard`, and logs its address. A run does not fail because that fails. */
export async function showDashboard(asked: PoolOptions['dashboard'], log: Log): Promise<void> {
  if (asked === undefined || asked === false) return;
  const { openDashboard } = await import('aiomultiprocess/dashboard');
  try {
    const { address } = await openDashboard({ ...(asked === true ? {} : asked), print: false });
    log('info', `dashboard: ${address}`, { dashboard: address });
  } catch (error) {
    log('warn', `cannot open the dashboard: ${(error as Error).message}`);
  }
}
