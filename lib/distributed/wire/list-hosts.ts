import type { Queue } from 'bullmq';

/**
 * The names of the hosts that are connected to a queue: they name their connections, as BullMQ does for its workers.
 * PostgreSQL cuts long names off.
 *
 * @throws (rejects) if the datastore does not answer.
 */
export async function listHosts(jobs: Queue): Promise<string[]> {
  const workers = await jobs.getWorkers();
  return workers.flatMap(({ rawname, name }) =>
    String(rawname ?? name)
      .split(':w:')
      .slice(1),
  );
}
