/** Each check of the running world says what it is for when it is shown the contrary. */

import { describe, expect, it } from 'vitest';
import type { Node } from '../../daemon/node.ts';
import type { LedgerEvent } from '../../daemon/node-api.ts';
import type { ChainMirror } from './chain-mirror.ts';
import { ofSeed } from './scenario.ts';
import { World } from './world.ts';

interface Scene {
  readonly world: World;
  readonly name: string;
  readonly node: Node;
  readonly mirror: ChainMirror;
}

/** Lets nodes mine a few blocks, then does something to one of them; returns what the checks say. */
async function failureAfter(act: (scene: Scene) => void): Promise<string> {
  const world = new World({ scenario: ofSeed(9n), onLine: () => {} });
  const story = async () => {
    for (const node of world.nodes) world.boot(node);
    world.workload.start();
    await world.until('blocks', 60_000, () =>
      world.nodes.every(({ name }) => (world.checks.mirror(name)?.height ?? 0) > 3),
    );
    const [first] = world.nodes;
    const mirror = first && world.checks.mirror(first.name);
    if (!first?.node || !mirror) throw new Error('the first node is not up');
    act({ world, name: first.name, node: first.node, mirror });
    await world.sleep(1);
  };
  return world.run(story).then(
    () => 'no failure',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

/** What the node would tell of a next block. */
function next(mirror: ChainMirror, changes: { height?: number; parent?: Uint8Array; transactionIds?: Uint8Array[] }) {
  const event: Exclude<LedgerEvent, { type: 'head' | 'final' | 'finality_conflict' }> = {
    type: 'applied',
    height: mirror.height + 1,
    hash: new Uint8Array(32),
    parent: mirror.hash,
    time: 0,
    transactionIds: [],
    changes: [],
    ...changes,
  };
  return event;
}

describe('the checks of a running world', () => {
  it('say nothing when nothing is done', async () => {
    expect(await failureAfter(() => {})).toBe('no failure');
  });

  it('A-I7: a transaction that a node took and has no longer', async () => {
    const found = await failureAfter(({ world, name }) => world.checks.taken(name, { idHexes: ['ab'.repeat(32)] }));
    expect(found).toContain('is in neither mempool nor chain');
  });

  it('A-I2: events that do not follow each other', async () => {
    const found: (string | null)[] = [];
    await failureAfter(({ mirror }) => {
      found.push(mirror.follow(next(mirror, { height: mirror.height + 2 })));
      found.push(mirror.follow(next(mirror, { parent: new Uint8Array(32) })));
      found.push(mirror.follow(next(mirror, {})));
      found.push(mirror.follow({ ...next(mirror, { height: mirror.height }), type: 'undone', keys: [] }));
    });
    expect(found).toEqual([
      expect.stringContaining('A-I2: block'),
      expect.stringContaining('on another block than its parent'),
      expect.stringContaining('the engine does not know block'),
      expect.stringMatching(/A-I2: block \d+ undone/),
    ]);
  });

  it('A-I2: a head that the events did not tell of', async () => {
    const found = await failureAfter(({ world, name, mirror }) => {
      const top = mirror.hash;
      mirror.follow({ ...next(mirror, { height: mirror.height }), type: 'undone', hash: top, keys: [] });
      world.checks.taken(name, { idHexes: [] });
    });
    expect(found).toContain('differ on the head');
  });

  it('an unhandled rejection', async () => {
    const found = await failureAfter(() => {
      void Promise.reject(new Error('forgotten')); // Its fate is what the check looks at.
    });
    expect(found).toContain('an unhandled rejection: forgotten');
  });

  it('a story that does not end', async () => {
    const world = new World({ scenario: ofSeed(9n), onLine: () => {} });
    await expect(world.run(() => world.until('the impossible', 5_000, () => false))).rejects.toThrow(
      'did not happen within 5000 ms: the impossible',
    );
    expect(world.time.nowMs).toBe(5_000);
  });
});
