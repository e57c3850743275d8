const burns = [
  {
    name: '100us',
    microseconds: 100,
    goals: [{ metric: 'rate', atLeast: 1.4, times: 'piscina' }],
  },
  {
    name: '1ms',
    microseconds: 1_000,
    goals: [{ metric: 'rate', atLeast: 1.15, times: 'piscina' }],
  },
  { name: '10ms', microseconds: 10_000, goals: [{ metric: 'rate', atLeast: 1, times: 'piscina' }] },
];

const noWorseLatency = [
  { metric: 'p99', atMost: 1, times: 'peers' },
  { metric: 'health', atMost: 1, times: 'peers' },
];

const about = (task) =>
  `a node:http server whose requests ${task} in the pool, under load from autocannon with 16 connections, while another ` +
  'client asks for `/health`, which does not use the pool';

/** The scrypt server is one of the eleven jobs. @type {import('../index.js').Job} */
const scrypt = {
  name: 'scrypt-server',
  title: 'a server that hashes passwords',
  about: `${about('hash a password with scryptSync')}. (The asynchronous scrypt has threads of its own in Node.js.)`,
  kind: 'server',
  task: 'scrypt',
  libraries: ['autocannon'],
  prepare: async () => [{ password: 'correct horse battery staple', salt: 'pepper' }],
  goals: [
    { metric: 'rate', atLeast: 0.97, times: 'floor' },
    { metric: 'rate', atLeast: 1, times: 'peers' },
    { metric: 'rate', atLeast: 1.7, times: 'alone' },
    ...noWorseLatency,
  ],
};

/** @type {import('../index.js').Job[]} */
const servers = burns.map(({ name, microseconds, goals }) => ({
  name: `server-${name}`,
  title: `a server whose requests compute for ${name.replace('us', ' µs').replace('ms', ' ms')}`,
  about: about('compute'),
  kind: 'server',
  isExtra: true,
  task: 'burn',
  libraries: ['autocannon'],
  prepare: async ({ iterationsPerMicrosecond }) => [Math.round(microseconds * iterationsPerMicrosecond)],
  goals: [...goals, ...noWorseLatency],
}));

export default [scrypt, ...servers];
