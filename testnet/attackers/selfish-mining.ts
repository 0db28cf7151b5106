/**
 * Selfish mining, algorithm 1 of Eyal and Sirer ("Majority is not enough", 2014): a pool keeps the blocks that it finds to itself and
 * publishes them when the others are about to catch up, so that these waste work on blocks that will not count. This is the policy alone:
 * what to publish when. Its pool mines on the head of an ordinary node that is told of all blocks: of equal branches such a node keeps
 * its own, which is what the algorithm wants.
 */
export class SelfishMiner<Block> {
  /** Found and not published, oldest first. */
  #withheld: Block[] = [];
  /** Length of the private branch since it left the public one. */
  #branchLength = 0;
  /** Blocks by which the private chain is longer than the public one. */
  #lead = 0;

  /** Nothing is withheld, and no tie of branches is open: from here all begins anew. */
  get isAtRest(): boolean {
    return this.#branchLength === 0;
  }

  get withheld(): readonly Block[] {
    return this.#withheld;
  }

  /** The pool found a block. Gives what it publishes now, oldest first. */
  foundOwn(block: Block): readonly Block[] {
    const leadBefore = this.#lead;
    this.#withheld.push(block);
    this.#branchLength += 1;
    this.#lead += 1;
    // It was a tie of one block each: the pool's branch is longer now, which decides it.
    if (leadBefore === 0 && this.#branchLength === 2) return this.#publishAll();
    return [];
  }

  /** The others found a block, which made the public chain longer. Gives what the pool publishes in answer, oldest first. */
  foundByOthers(): readonly Block[] {
    const leadBefore = this.#lead;
    if (leadBefore === 0) {
      // They are ahead: the pool goes over to their chain.
      this.#branchLength = 0;
      return [];
    }
    if (leadBefore === 2) return this.#publishAll();
    // With a lead of one this is the last block, and a tie; with more the lead stays at two or above.
    this.#lead -= 1;
    return this.#withheld.splice(0, 1);
  }

  #publishAll(): readonly Block[] {
    this.#branchLength = 0;
    this.#lead = 0;
    return this.#withheld.splice(0);
  }
}
