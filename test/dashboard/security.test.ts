import { hostname } from 'node:os';
import { InvalidStateError, Pool } from 'aiomultiprocess';
import type { Dashboard, DashboardOptions } from 'aiomultiprocess/dashboard';
import { act, ask } from '../support/dashboard.ts';

const pool = new Pool({ processes: 1, minProcesses: 0 });
let dashboard: Dashboard | undefined;

async function open(options: DashboardOptions = {}): Promise<Dashboard> {
  dashboard = await pool.dashboard({ print: false, ...options });
  return dashboard;
}

afterEach(() => dashboard?.close());
afterAll(() => pool[Symbol.asyncDispose]());

const EVENTS = '/events';
const TOKEN = 'a-token-of-some-length';

test('on the loopback interface no token is needed', async () => {
  const { port, token, address } = await open();
  expect({ token, address }).toEqual({ token: undefined, address: `http://127.0.0.1:${port}/` });
  expect((await ask(port, EVENTS)).status).toBe(200);
});

test.each([[{ actions: true }], [{ host: '0.0.0.0' }], [{ allowedHosts: ['jobs.example'] }], [{ token: TOKEN }]])(
  'with %j nothing but the page is told without the token',
  async (options) => {
    const { port, token, address } = await open(options);
    expect(address).toMatch(/^http:\/\/[\d.]+:\d+\/#token=[\w-]{16,}$/);
    expect((await ask(port, '/')).status).toBe(200);
    for (const authorization of [undefined, 'Bearer wrong', `Basic ${token}`, `Bearer ${token}x`]) {
      const headers = authorization === undefined ? {} : { authorization };
      for (const path of [EVENTS, '/trace?pool=1', '/nowhere']) {
        expect((await ask(port, path, { headers })).status).toBe(401);
      }
      const post = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{}' };
      expect((await ask(port, '/actions', post)).status).toBe(401);
    }
    expect((await ask(port, EVENTS, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
  },
);

test.each([
  ['evil.example', 403],
  ['evil.example:80', 403],
  ['127.0.0.1.evil.example', 403],
  ['localhost@evil.example', 403],
  ['localhost', 200],
  ['LOCALHOST:8080', 200],
  ['127.0.0.1:1', 200],
  ['[::1]:8080', 200],
  [`${hostname()}:80`, 200],
])('the host %j is answered with %i', async (host, status) => {
  const { port } = await open();
  expect((await ask(port, EVENTS, { headers: { host } })).status).toBe(status);
});

test.each([
  [{ origin: 'https://evil.example' }, 403],
  [{ origin: 'null' }, 403],
  [{ origin: 'http://localhost.evil.example' }, 403],
  [{ 'sec-fetch-site': 'cross-site' }, 403],
  [{ 'sec-fetch-site': 'same-site' }, 403],
  [{ origin: 'http://localhost:7070', 'sec-fetch-site': 'same-origin' }, 200],
  [{ 'sec-fetch-site': 'none' }, 200],
])('a request with %j is answered with %i', async (headers, status) => {
  const { port } = await open();
  for (const path of ['/', EVENTS]) {
    const answer = await ask(port, path, { headers: { host: 'localhost:7070', ...headers } });
    expect(answer.status).toBe(status);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  }
});

test('a link of another site may lead to the page, which tells nothing, but to nothing else', async () => {
  const { port } = await open();
  const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  expect((await ask(port, '/', { headers: link })).status).toBe(200);
  expect((await ask(port, EVENTS, { headers: link })).status).toBe(403);
  expect((await ask(port, '/', { headers: { ...link, 'sec-fetch-dest': 'iframe' } })).status).toBe(403);
});

test.each([
  [{ host: 'jobs.example', origin: 'https://jobs.example' }, 204],
  [{ host: 'JOBS.example:8443', origin: 'https://jobs.example:8443' }, 204],
  // nginx puts its own address of the server into the Host unless it is told not to.
  [{ host: '127.0.0.1:7070', origin: 'https://jobs.example' }, 204],
  [{ host: '127.0.0.1:7070', origin: 'https://jobs.example:8443' }, 204],
  [{ host: '127.0.0.1:7070', origin: 'https://evil.example' }, 403],
  [{ host: '127.0.0.1:7070', origin: 'https://jobs.example.evil.example' }, 403],
  [{ host: '127.0.0.1:7070', origin: 'https://jobs.example@evil.example' }, 403],
  [{ host: 'evil.example', origin: 'https://jobs.example' }, 403],
])('with { allowedHosts: ["Jobs.example"] } a request with %j is answered with %i', async (headers, status) => {
  const opened = await open({ actions: true, allowedHosts: ['Jobs.example'] });
  expect((await act(opened, { pool: '1', action: 'resume' }, headers)).status).toBe(status);
});

test('proxies are told to pass events on at once', async () => {
  const { port } = await open();
  expect((await ask(port, EVENTS)).headers['x-accel-buffering']).toBe('no');
});

test('every answer forbids other sources, frames and guesses at its type', async () => {
  const { port } = await open();
  for (const path of ['/', '/page.js', '/page.css', '/nowhere', '/..%2f..%2fpackage.json']) {
    const { headers } = await ask(port, path);
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/);
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'DENY' });
  }
  expect((await ask(port, '/..%2f..%2fpackage.json')).status).toBe(404);
  expect((await ask(port, '/', { method: 'POST' })).status).toBe(405);
  expect((await ask(port, '/actions')).status).toBe(405);
  expect((await ask(port, '//')).status).toBe(400);
});

test('the page loads nothing from elsewhere', async () => {
  const { port } = await open();
  const { body } = await ask(port, '/');
  expect(body.match(/(?:src|href)="[^"]*"/g)).toEqual(['href="icon.svg"', 'href="page.css"', 'src="page.js"']);
  expect((await ask(port, '/page.css')).body).not.toMatch(/url\(|@import/);
});

describe('actions', () => {
  test('are refused unless they were asked for', async () => {
    const opened = await open({ token: TOKEN });
    expect(await act(opened, { pool: '1', action: 'pause' })).toMatchObject({ status: 403 });
    expect(pool.stats().isPaused).toBe(false);
  });

  test.each([
    [{ action: 'pause' }, {}, 400, /id of a pool/],
    [{ pool: '1', action: 'toString' }, {}, 400, /expected one of the actions cancelMap/],
    [{ pool: '1', action: 'cancelTask', id: '1' }, {}, 400, /integer/],
    ['x'.repeat(5000), {}, 400, /4096 bytes/],
    [[], {}, 400, /id of a pool/],
    [{ pool: '1', action: 'pause' }, { 'content-type': 'text/plain' }, 400, /application\/json/],
    [{ pool: '99', action: 'pause' }, {}, 404, /has ended/],
    [{ pool: '1', action: 'cancelMap', id: 99 }, {}, 404, /has ended/],
    [{ pool: '1', action: 'pause' }, { origin: 'https://evil.example' }, 403, /origins/],
  ])('%j with %j is answered with %i', async (body, headers, status, message) => {
    const opened = await open({ actions: true });
    const answer = await act(opened, body, headers);
    expect(answer).toMatchObject({ status, body: expect.stringMatching(message) });
    expect(pool.stats().isPaused).toBe(false);
  });
});

describe('options', () => {
  test.each([
    [{ port: 70_000 }, 'dashboard: option "port": expected an integer from 0 to 65535, got 70000'],
    [{ token: 'short' }, 'dashboard: option "token": expected at least 16 letters'],
    [{ host: 'a b' }, 'dashboard: option "host": expected an IP address or a host name'],
    [{ allowedHosts: ['a:80'] }, 'dashboard: option "allowedHosts": expected an array of host names or IP addresses'],
    [{ ports: 1 }, 'dashboard: unknown option "ports"'],
  ])('%j is refused', async (options, message) => {
    await expect(pool.dashboard(options as never)).rejects.toThrow(message);
  });

  test('of a pool are checked when it is made', () => {
    expect(() => new Pool({ dashboard: { port: -1 } })).toThrow('Pool: option "dashboard": option "port": expected');
    expect(() => new Pool({ dashboard: 7070 as never })).toThrow('Pool: option "dashboard": expected true, false or');
  });

  test('a program has one dashboard, whichever pool opens it', async () => {
    const opened = await open({ token: TOKEN });
    expect(await pool.dashboard()).toBe(opened);
    expect(await pool.dashboard({ print: false, token: TOKEN })).toBe(opened);
    expect(await pool.dashboard({ print: false, token: TOKEN, actions: false, port: 0 })).toBe(opened);
    await expect(pool.dashboard({ port: 1 })).rejects.toThrow(InvalidStateError);
    await opened.close();
    expect(await open()).not.toBe(opened);
  });

  test('a port that is taken rejects, and a later call tries again', async () => {
    const { createServer } = await import('node:http');
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    await expect(pool.dashboard({ port, print: false })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    other.close();
    expect((await open({ port })).port).toBe(port);
  });
});
