import { TaskExpiredError } from 'aiomultiprocess';
import { waitAt } from '../../fixtures/pool/gate.js';
import { withGate } from '../../support/gate.ts';
import { createPool } from '../../support/pool.ts';

const pool = createPool({ processes: 1, childConcurrency: { fixed: 1 } });

test('a call that waits longer than its expires rejects, and its task does not run', async () => {
  await withGate(async (gate) => {
    const first = pool.apply(waitAt, [gate.port]);
    await gate.arrived(1);
    const error = await pool.apply(waitAt, [gate.port], { expires: 100 }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TaskExpiredError);
    expect(error).toMatchObject({ code: 'ERR_AIOMULTIPROCESS_TASK_EXPIRED', expires: 100 });
    await expect(pool.map(waitAt, [gate.port, gate.port], { expires: 100 })).rejects.toThrow('waitAt has not ended');
    gate.open();
    await first;
    expect(await pool.apply(waitAt, [gate.port], { expires: 30_000 })).toBe(gate.arrivals[0]);
    expect(gate.arrivals).toHaveLength(2);
  });
});

test('a signal still cancels a call with expires', async () => {
  await withGate(async (gate) => {
    const controller = new AbortController();
    const call = pool.apply(waitAt, [gate.port], { expires: 30_000, signal: controller.signal });
    await gate.arrived(1);
    controller.abort(new RangeError('no longer'));
    await expect(call).rejects.toThrow('no longer');
    gate.open();
  });
});
