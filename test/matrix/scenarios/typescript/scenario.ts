import type { Scenario } from '../../scenario.ts';

const options = '--noEmit --strict --target es2022 --lib es2023,esnext.disposable --types node --skipLibCheck false';

/** TypeScript 7 does not support `node10`. */
function commands(version: string): string[] {
  // The copy is an ES module, and gets the declarations for `import`; the program itself gets those for `require`.
  const both = ['node16', 'nodenext'].map((module) => `--module ${module} program.ts program.mts`);
  const kept = [...both, '--module preserve --moduleResolution bundler program.ts'];
  if (version === 'latest') return kept;
  const silence = version.startsWith('6') ? ' --ignoreDeprecations 6.0' : '';
  return [...kept, `--module commonjs --moduleResolution node10${silence} program.ts`];
}

export default {
  tool: 'TypeScript (declarations)',
  packages: ['typescript', '@types/node@20', 'prom-client', 'bullmq', 'ioredis'],
  versions: ['5.4', '5.5', '5.9', '6', 'latest'],
  nodes: ['24'],
  command: (version) =>
    ['cp program.ts program.mts', ...commands(version).map((each) => `tsc ${options} ${each}`)].join(' && '),
} satisfies Scenario;
