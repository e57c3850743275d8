import type { Scenario } from '../../scenario.ts';

const options = '--noEmit --strict --target es2022 --lib es2023,esnext.disposable --types node --skipLibCheck false';

/** TypeScript 7 does not support `node10`. */
function resolutions(version: string): string[] {
  const kept = ['--module node16', '--module nodenext', '--module preserve --moduleResolution bundler'];
  if (version === 'latest') return kept;
  const silence = version.startsWith('6') ? ' --ignoreDeprecations 6.0' : '';
  return [...kept, `--module commonjs --moduleResolution node10${silence}`];
}

export default {
  tool: 'TypeScript (declarations)',
  packages: ['typescript', '@types/node@20', 'prom-client', 'bullmq', 'ioredis'],
  versions: ['5.4', '5.5', '5.9', '6', 'latest'],
  nodes: ['24'],
  command: (version) =>
    resolutions(version)
      .map((each) => `tsc ${options} ${each} program.ts`)
      .join(' && '),
} satisfies Scenario;
