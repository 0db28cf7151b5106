import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { amountMax } from './codec.ts';
import type { Params } from './genesis.ts';
import { genesisChanges } from './genesis-block.ts';
import { sha256 } from './hash.ts';
import type { Applied } from './ledger.ts';
import { Chain, createMoney, del, get, transfer, transferKey } from './ledger-chain.suite.ts';
import { type Actor, actors, put, transact } from './ledger-fixture.suite.ts';
import type { Operation } from './operation.ts';
import { treeUpdates } from './state.ts';
import { StateTree } from './state-tree.ts';
import type { Transaction } from './transaction.ts';
import { undoOf } from './undo.ts';

describe('properties', () => {
  const someone = fc.constantFrom(...actors);
  const key = fc.constantFrom('a', 'b', 'c');
  const amount = fc.oneof(fc.bigInt(0n, 700n), fc.constantFrom(amountMax, 2n ** 63n - 1n));
  const operation: fc.Arbitrary<Operation> = fc.oneof(
    fc.record({ key, version: fc.option(fc.nat(3)) }).map(one => put(one.key, 'v', one.version)),
    key.map(del),
    key.map(get),
    fc.tuple(key, someone).map(([one, to]) => transferKey(one, to)),
    fc.tuple(someone, amount).map(([to, sum]) => createMoney(to, sum)),
    fc.tuple(someone, amount).map(([to, sum]) => transfer(to, sum)),
  );
  const wish = fc.record({
    sender: someone,
    fee: fc.bigInt(0n, 30n),
    operations: fc.array(operation, { maxLength: 4 }),
  });
  const blocks = fc.array(fc.array(wish, { maxLength: 5 }), { minLength: 1, maxLength: 4 });
  const ownership = fc.constantFrom<Params['keyOwnership']>('first-writer', 'open');

  /** Executes the wishes of one block, each with the sender's next nonce; those that may not be in it are left out. */
  function execute(chain: Chain, wishes: readonly { sender: Actor; fee: bigint; operations: Operation[] }[]): Applied {
    const next = new Map(actors.map(one => [one, chain.state.view().account(one.address).nonce]));
    const used: Transaction[] = [];
    for (const { sender, fee, operations } of wishes) {
      const nonce = next.get(sender) ?? 0;
      const transaction = transact(sender, operations, { fee, nonce });
      const trial = chain.execution([...used, transaction]);
      if (![...used, transaction].every(one => trial.add(one).ok)) continue;
      used.push(transaction);
      next.set(sender, nonce + 1);
    }
    return chain.block(...used);
  }

  it('undoing takes any block back, and balances always add up to the supply', () => {
    fc.assert(
      fc.property(blocks, ownership, (story, keyOwnership) => {
        const chain = new Chain({ keyOwnership, subsidy: 9n, halvingBlocks: 2, supplyMax: 1_530n });
        for (const wishes of story) {
          const before = chain.state.snapshot();
          const applied = execute(chain, wishes);
          const after = chain.state.snapshot();
          expect(chain.total()).toBe(chain.state.view().supply());
          expect(chain.total()).toBeLessThanOrEqual(1_530n);
          chain.state.write(undoOf(new Uint8Array(32), applied).changes);
          expect(chain.state.snapshot()).toEqual(before);
          chain.state.write(applied.changes);
          expect(chain.state.snapshot()).toEqual(after);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('whatever branch was applied and undone before, state and root are those of the branch that is followed', () => {
    fc.assert(
      fc.property(blocks, blocks, ownership, (abandoned, followed, keyOwnership) => {
        const straight = new Chain({ keyOwnership, subsidy: 9n });
        const switched = new Chain({ keyOwnership, subsidy: 9n });
        const trees = new Map([straight, switched].map(chain => [chain, new StateTree()]));
        for (const [chain, tree] of trees) tree.update(treeUpdates(genesisChanges(chain.genesis)));
        const follow = (chain: Chain, story: typeof followed): Applied[] =>
          story.map(wishes => {
            const applied = execute(chain, wishes);
            trees.get(chain)?.update(treeUpdates(applied.changes));
            return applied;
          });
        for (const applied of follow(switched, abandoned).reverse()) {
          const { changes } = undoOf(new Uint8Array(32), applied);
          switched.state.write(changes);
          trees.get(switched)?.update(treeUpdates(changes));
          switched.height--;
        }
        follow(switched, followed);
        follow(straight, followed);
        expect(switched.state.snapshot()).toEqual(straight.state.snapshot());
        expect(trees.get(switched)?.root()).toEqual(trees.get(straight)?.root());
      }),
      { numRuns: 12 },
    );
  });

  it('versions of a key follow each other without a hole, and each value is where valueVersion says', () => {
    fc.assert(
      fc.property(blocks, ownership, (story, keyOwnership) => {
        const chain = new Chain({ keyOwnership });
        const versions = new Map<string, Applied['history'][number][]>();
        for (const wishes of story) {
          for (const entry of execute(chain, wishes).history) {
            const entries = versions.get(entry.key) ?? [];
            entries.push(entry);
            versions.set(entry.key, entries);
          }
        }
        for (const [name, entries] of versions) {
          expect(entries.map(entry => entry.version)).toEqual(entries.map((_, index) => index + 1));
          const record = chain.state.view().keyRecord(name);
          const holder = record && record.valueVersion > 0 ? entries[record.valueVersion - 1] : undefined;
          expect(holder?.value ? sha256(holder.value) : null).toEqual(record?.valueHash ?? null);
        }
      }),
      { numRuns: 40 },
    );
  });
});
