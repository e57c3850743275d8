// A server as many programs have one: /work calls the pool, and /health does not. It reports its port, and ends with the process
// that started it.

import { createServer } from 'node:http';
import { contenders } from '../contenders/index.js';

const { contender: name, processes, module, item } = JSON.parse(process.argv[2]);
const contender = contenders.find((one) => one.name === name);
const pool = await contender.open({ processes, module, task: 'work' });

const server = createServer(async (request, response) => {
  if (request.url === '/health') {
    response.end('healthy');
    return;
  }
  try {
    response.end(JSON.stringify(await pool.call([item])));
  } catch (error) {
    response.writeHead(500).end(String(error));
  }
});

server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
