import { describe, expect, it } from 'vitest';
import { zeroHash } from '../../chain/hash.ts';
import { bitsForLeadingZeros } from '../../chain/target.ts';
import { DelayedNetwork } from './delayed-network.ts';
import { EngineNode, genesisTime, powContext } from './engine-node.ts';

const context = powContext({ bits: bitsForLeadingZeros(6), retarget: 'fixed' });

describe('a node of the experiments', () => {
  it('has its engine judge each block: one without its work is refused', () => {
    const node = new EngineNode(context, 1);
    const block = node.mine(genesisTime + 1);
    const worthless = { ...block, hash: zeroHash.slice().fill(255), hashHex: 'ff'.repeat(32) };
    expect(() => node.deliver([worthless], genesisTime + 1)).toThrow('BAD_WORK');
    expect(node.height).toBe(0);
  });

  it('stays with the first of two equal branches and goes over to a longer one', () => {
    const [node, other] = [new EngineNode(context, 1), new EngineNode(context, 2)];
    const own = node.mine(genesisTime + 10);
    node.deliver([own], genesisTime + 10);
    const first = other.mine(genesisTime + 10);
    other.deliver([first], genesisTime + 10);
    expect(node.deliver([first], genesisTime + 20)).toEqual([]);
    expect(node.headKey).toBe(own.hashHex);
    const second = other.mine(genesisTime + 30);
    const [moved] = node.deliver([second], genesisTime + 30);
    expect(moved?.undo).toEqual([own.hash]);
    expect(node.chain().map(({ height }) => height)).toEqual([0, 1, 2]);
    expect(node.headKey).toBe(second.hashHex);
  });
});

describe('a network with a delay', () => {
  it('hands a block to the others when it is due, and counts what they undo', () => {
    const nodes = [new EngineNode(context, 1), new EngineNode(context, 2)] as const;
    const [one, two] = nodes;
    const network = new DelayedNetwork(nodes, 100);
    network.publish(one, one.mine(genesisTime + 10), genesisTime + 10);
    network.publish(two, two.mine(genesisTime + 50), genesisTime + 50);
    network.advance(genesisTime + 109);
    expect(one.headKey).not.toBe(two.headKey);
    network.publish(one, one.mine(genesisTime + 120), genesisTime + 120);
    network.advance(genesisTime + 219);
    expect([one.height, two.height, network.reorgDepthMax]).toEqual([2, 1, 0]);
    network.advance(genesisTime + 220);
    expect(two.headKey).toBe(one.headKey);
    expect(network.reorgDepthMax).toBe(1);
  });
});
