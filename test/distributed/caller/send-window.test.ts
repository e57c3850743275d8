import { SendWindow } from '../../../dist/lib/distributed/caller/send-window.js';

const MINUTE = 60_000;

/** Fills the window with chunks of four tasks. @returns the number of tasks. */
function fill(window: SendWindow): number {
  let tasks = 0;
  for (; window.hasRoom; tasks += 4) window.add(4, 100);
  return tasks;
}

describe('the window of a caller', () => {
  test('grows with the hosts that have answered', () => {
    const window = new SendWindow();
    const first = fill(window);
    window.see('a', 32, 0);
    const second = fill(window);
    window.see('b', 32, 0);
    window.see('b', 32, 0);
    expect([first, second, fill(window)]).toEqual([64, 96, 96]);
  });

  test('shrinks while a host does not answer', () => {
    const window = new SendWindow();
    window.see('gone', 32, 0);
    window.see('here', 32, 0);
    window.see('here', 32, 4 * MINUTE);
    expect(window.hosts).toBe(2);
    window.see('here', 32, 6 * MINUTE);
    expect(window.hosts).toBe(1);
    expect(fill(window)).toBe(64 + 96);
    window.see('gone', 32, 7 * MINUTE);
    expect(window.hosts).toBe(2);
    expect(fill(window)).toBe(96);
  });

  test('limits the bytes in the memory of the datastore', () => {
    const window = new SendWindow();
    window.add(1, 64 * 1024 * 1024);
    expect(window.hasRoom).toBe(false);
    window.removeTask();
    window.remove(64 * 1024 * 1024);
    expect(window.hasRoom).toBe(true);
  });
});
