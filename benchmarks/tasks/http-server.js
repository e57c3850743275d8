// The server for the requests of the workload `article`. It runs in a process of its own, so that it takes no time from the
// caller of the pool, and ends with the process that started it.

import { createServer } from 'node:http';

const server = createServer((_request, response) => response.end('{ "seed": 1 }'));

server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
