/** Checks the diagrams of docs/design.md against the code: their classes exist, and have the methods that are called. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './support/run.ts';

const diagrams = Array.from(
  readFileSync(join(root, 'docs/design.md'), 'utf8').matchAll(/```mermaid\n(.*?)```/gs),
  ([, text]) => String(text),
);
const sources = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readFileSync(join(root, 'lib', path), 'utf8'));
const sourceOf = (name: string) =>
  sources.find((source) => new RegExp(`^export (abstract )?class ${name}\\b`, 'm').test(source));

test('docs/design.md shows a call, a crash and a cancellation', () => {
  expect(diagrams).toHaveLength(3);
});

test.each(diagrams)('every participant of a diagram is a class: %#', (diagram) => {
  const participants = Array.from(diagram.matchAll(/participant (\w+)/g), ([, name]) => String(name));
  expect(participants.length).toBeGreaterThan(5);
  expect(participants.filter((name) => sourceOf(name) === undefined)).toEqual([]);
});

test.each(diagrams)(
  'every arrow of a diagram is a method of its receiver, or a message of the protocol: %#',
  (diagram) => {
    const arrows = Array.from(diagram.matchAll(/^ *(\w+)(-->>|->>)(\w+): (\w+)/gm));
    expect(arrows.length).toBeGreaterThan(5);
    const missing = arrows.filter(([, , kind, receiver, what]) => {
      if (kind === '->>') return !new RegExp(`\\b${what}\\b`).test(sourceOf(String(receiver)) ?? '');
      return !sources.some((source) => source.includes(`export const ${what} = `));
    });
    expect(missing.map(([arrow]) => arrow)).toEqual([]);
  },
);
