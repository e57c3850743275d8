// The server that the tasks of the article's program ask. It has a process of its own, so that it takes no time
// of the pool's caller; it ends with the process that started it.

import { createServer } from 'node:http';

const server = createServer((_request, response) => response.end('{ "seed": 1 }'));

server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
