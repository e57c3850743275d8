import type { Scenario } from '../../scenario.ts';

const build = [
  'node --experimental-sea-config sea.json',
  'cp "$(node -p process.execPath)" app',
  'postject app NODE_SEA_BLOB sea.blob --sentinel-fuse NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2',
].join(' && ');

export default {
  tool: 'postject (a single executable application)',
  packages: ['postject'],
  // The first run, without `execPath`, runs once and is refused.
  command: `${build} && ./app; ./app "$(node -p process.execPath)"`,
  output: /run\nrefused: BootstrapError\nrun\n2,4\n/,
  result: 'works with the option `execPath`, and is refused without',
} satisfies Scenario;
