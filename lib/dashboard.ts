/** The entry point `aiomultiprocess/dashboard`: re-exports only. Pools load it when they are asked for their dashboard. */
export { type Dashboard, openDashboard } from './dashboard/dashboard.js';
export type { DashboardOptions } from './dashboard/options.js';
