// Starts the server, asks the route and prints its answer.
import { spawn } from 'node:child_process';

const server = spawn('next', ['start', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
let output = '';
for await (const chunk of server.stdout) {
  output += chunk;
  const url = /Local:\s+(http:\S+)/.exec(output)?.[1];
  if (url === undefined || !/Ready/.test(output)) continue;
  console.log(`answer: ${await (await fetch(`${url}/api`)).text()}`);
  server.kill('SIGKILL');
  process.exit(0);
}
