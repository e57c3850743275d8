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
    window.see('a', 32, 0, 0);
    const second = fill(window);
    window.see('b', 32, 0, 0);
    window.see('b', 32, 0, 0);
    expect([first, second, fill(window)]).toEqual([64, 96, 96]);
  });

  test('shrinks while a host does not answer', () => {
    const window = new SendWindow();
    window.see('gone', 32, 0, 0);
    window.see('here', 32, 0, 0);
    window.see('here', 32, 0, 4 * MINUTE);
    expect(window.hosts).toBe(2);
    window.see('here', 32, 0, 6 * MINUTE);
    expect(window.hosts).toBe(1);
    expect(fill(window)).toBe(64 + 96);
    window.see('gone', 32, 0, 7 * MINUTE);
    expect(window.hosts).toBe(2);
    expect(fill(window)).toBe(96);
  });

  test('holds more chunks for a host that is far from the datastore', () => {
    const chunksWith = (roundTrip: number) => {
      const window = new SendWindow();
      window.see('a', 1, roundTrip, 0);
      let chunks = 0;
      for (; window.hasRoom; chunks++) window.add(1000, 100);
      return chunks;
    };
    expect([0, 50, 100, 400].map(chunksWith)).toEqual([8, 11, 13, 13]);
  });
});
