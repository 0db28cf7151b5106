/**
 * A batch or a frame that is written without its failpoints would never be died at, and nobody would notice. The types demand a name of
 * whoever writes through the store or a framed stream; the calls that reach LevelDB, libp2p and sockets themselves are found here.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { repositoryRoot } from './programs.ts';

const folders = ['daemon/store', 'daemon/network', 'daemon/rpc'];
const writing = new Set(['batch', 'publish', 'send']);
/** Run by those who call a node, not by the node. */
const clients = /^daemon\/rpc\/(client|outbox|transport|watch-client|websocket-\w+)\.ts$/;
/** Lead to a call that is looked at itself; fastify's replies all pass its hooks, which hold the failpoints of `http-answer`. */
const doors = /^(this\.#gossip\.publish|this\.#messages\.send|options\.send|reply\b[\s\S]*\.send)$/;

it('every call that writes a batch or sends stands between its failpoints', () => {
  const files = folders.flatMap(folder => readdirSync(join(repositoryRoot, folder)).map(name => `${folder}/${name}`));
  const sources = files.filter(file => /(?<!\.test|\.suite)\.ts$/.test(file) && !clients.test(file));
  expect(sources.length).toBeGreaterThan(40);
  const found = sources.flatMap(file => bareCalls(file, readFileSync(join(repositoryRoot, file), 'utf8')));
  expect(found).toEqual([]);
});

it('a call without one of them is found', () => {
  const inside = "failpoint('before', 'format'); await database.batch(rows); failpoint('after', 'format');";
  expect(bareCalls('planted.ts', `async function write() { ${inside} }`)).toEqual([]);
  const calls = [
    'await this.#database.batch(rows);',
    "failpoint('before', 'format'); await this.#database.batch(rows);",
    'this.#socket.send(text);',
    'await this.#gossipsub.publish(name, data);',
  ];
  for (const call of calls)
    expect(bareCalls('planted.ts', `class Planted { async write() { ${call} } }`)).toHaveLength(1);
});

/** The calls of `source` that write, and whose function does not name both failpoints. */
function bareCalls(file: string, source: string): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node) => {
    if (ts.isCallExpression(node) && writes(node) && !isGuarded(node))
      found.push(`${file}: ${node.expression.getText()}`);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true));
  return found;
}

function writes({ expression }: ts.CallExpression): boolean {
  return (
    ts.isPropertyAccessExpression(expression) && writing.has(expression.name.text) && !doors.test(expression.getText())
  );
}

function isGuarded(call: ts.CallExpression): boolean {
  let around: ts.Node = call;
  while (around.parent && !ts.isMethodDeclaration(around) && !ts.isFunctionDeclaration(around)) around = around.parent;
  const text = around.getText();
  return text.includes("failpoint('before', ") && text.includes("failpoint('after', ");
}
