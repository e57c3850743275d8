import { Manager } from 'aiomultiprocess';
import { readBody, takeBody } from '../../../dist/lib/distributed/wire/body.js';
import { Encoder } from '../../../dist/lib/ipc/encoder.js';

test('an object of a manager is rejected: its address is a path on one machine', () =>
  Manager.using({}, (manager) => {
    const encoder = new Encoder();
    encoder.addTask(1, 0, [{ queue: manager.queue() }]);
    const body = takeBody(encoder);
    expect(() => readBody(body)).toThrow('objects of a manager and shared memory cannot be sent to another machine');
  }));
