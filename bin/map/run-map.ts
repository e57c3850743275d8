import { serializeError } from 'serialize-error';
import { createLog } from '../log.js';
import { UsageError } from '../usage-error.js';
import { checkFunction, createPool } from './create-pool.js';
import { toText } from './describe-failure.js';
import { FileError } from './file-error.js';
import { findInputs } from './find-inputs.js';
import { MapRun } from './map-run.js';
import { claimFiles, openFiles, readJournal } from './open-files.js';
import { refuseSameFiles } from './refuse-same-files.js';
import type { MapSettings } from './settings.js';

/**
 * Does what `aiomultiprocess map` was asked for.
 *
 * @returns the exit code.
 * @throws {@link UsageError}
 */
export async function runMap(settings: MapSettings): Promise<number> {
  const log = createLog(settings.jsonLogs);
  const inputs = await findInputs(settings.inputs);
  refuseSameFiles(settings, inputs);
  const pool = createPool(settings);
  let run: MapRun | undefined;
  try {
    // Before a file is opened, and thereby emptied.
    await checkFunction(pool);
    await claimFiles(settings);
    const journal = await readJournal(settings, inputs);
    if (journal?.finished) {
      log('info', `nothing to do: that run has finished; remove ${journal.path} to run it again`);
      return journal.position.failed > 0 ? 1 : 0;
    }
    const files = await openFiles(settings, journal);
    run = new MapRun(settings, inputs, files, log);
    return await run.run(pool);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    log('error', error instanceof FileError ? error.message : toText(error), { error: serializeError(error) });
    return 1;
  } finally {
    pool.terminate();
    // Busy processes take a while to end; they do so with the command.
    if (run?.isRead !== false) await pool.join();
  }
}
