import { readFile } from 'node:fs/promises';
import ts from 'typescript';

export async function work(path) {
  const source = ts.createSourceFile(path, await readFile(path, 'utf8'), ts.ScriptTarget.Latest);
  let nodes = 0;
  const visit = (node) => {
    nodes++;
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { files: 1, lines: source.getLineStarts().length, nodes, errors: source.parseDiagnostics.length };
}
