// Saves the first two programs of the README that comes with the package, as a reader does.
import { readFileSync, writeFileSync } from 'node:fs';

const readme = readFileSync('node_modules/aiomultiprocess/README.md', 'utf8');
for (const language of ['js', 'ts']) {
  const [, program] = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(readme);
  writeFileSync(`squares.m${language}`, program);
}
