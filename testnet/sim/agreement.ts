/**
 * What a network owes whose blocks become final, checked while the simulation runs. For every such engine: a final block is never undone,
 * lost or another one elsewhere (B-I1, B-I10). And what the engine's own oracle demands of its members (consensus/oracle.ts).
 */

import { equalBytes, toHex } from '../../chain/bytes.ts';
import { type Genesis, paramsAt } from '../../chain/genesis.ts';
import { makeGenesisBlock } from '../../chain/genesis-block.ts';
import type { MemberIndex } from '../../consensus/engine.ts';
import { Breach, type Oracle } from '../../consensus/oracle.ts';
import { createOracle } from '../../consensus/oracles.ts';
import type { Node } from '../../daemon/node.ts';
import type { LedgerEvent } from '../../daemon/node-api.ts';
import type { PeerId } from '../../daemon/ports.ts';
import type { MemberFrame } from '../../daemon/wire.ts';
import type { ChainMirror } from './chain-mirror.ts';
import type { RecordChange } from './simulated-disk.ts';
import type { SimulatedNode } from './simulated-node.ts';

export interface AgreementParts {
  readonly genesis: Genesis;
  readonly nodes: readonly SimulatedNode[];
  /** Whether a crash may take blocks from a member's ledger, which applies them again as it learns of them. */
  readonly isLedgerLazy: boolean;
  /** Whether no member lies: else nothing is owed. */
  readonly isTrusted: boolean;
  /** Told of what does not hold. */
  readonly onFault: (name: PeerId, what: string) => void;
}

export class Agreement {
  readonly #parts: AgreementParts;
  readonly #members: readonly SimulatedNode[];
  readonly #indexes: ReadonlyMap<PeerId, MemberIndex>;
  readonly #oracle: Oracle | null;
  /** By height: the block that somebody called final first. */
  readonly #final = new Map<number, Uint8Array>();
  /** By machine: the height that it called final. */
  readonly #told = new Map<PeerId, number>();

  constructor(parts: AgreementParts) {
    this.#parts = parts;
    const members = parts.nodes.filter(({ plan }) => plan.member !== null);
    this.#members = members;
    this.#indexes = new Map(members.map(({ name }, index) => [name, index]));
    const hasBody = (member: MemberIndex, hash: Uint8Array) => members[member]?.hasBody(hash) === true;
    const { engine } = parts.genesis;
    this.#oracle = !parts.isTrusted
      ? null
      : createOracle(engine, {
          members: members.length,
          engineParams: paramsAt(parts.genesis, 0).engineParams,
          genesisHeader: makeGenesisBlock(parts.genesis),
          hasBody,
        });
  }

  /** How many of these machines it takes to decide anything. */
  get quorum(): number {
    return Math.floor(this.#members.length / 2) + 1;
  }

  /** A node stands, and has not started: it holds what its disk had. */
  async onOpen(name: PeerId, node: Node, mirror: ChainMirror): Promise<void> {
    const log = (await this.#parts.nodes.find(other => other.name === name)?.records()) ?? [];
    const finalHeight = node.engine.finalHeight();
    const hashAt = (height: number) => mirror.hashAt(height);
    const applied = { height: mirror.height, hash: mirror.hash, finalHeight, hashAt };
    this.#judge(name, (oracle, member) => oracle.onStart(member, log, applied));
    const told = this.#told.get(name) ?? 0;
    if (this.#parts.isLedgerLazy) this.#told.set(name, Math.min(told, mirror.height));
    else if (mirror.height < told) this.#fault(name, `B-I10: block ${told}, which was final, is lost`);
    this.#checkFinal(name, mirror, finalHeight);
  }

  /** The machine begins anew. */
  begin(name: PeerId): void {
    this.#told.delete(name);
  }

  onRecords(name: PeerId, { kind, records }: RecordChange): void {
    this.#judge(name, (oracle, member) =>
      kind === 'append' ? oracle.onDurable(member, records) : oracle.onReplaced(member, records),
    );
  }

  /** A frame for a member, or for one that is none and is told what is decided. */
  onFrame(name: PeerId, { kind, content }: MemberFrame): void {
    if (kind === 'engine') this.#judge(name, (oracle, member) => oracle.onSent(member, content));
  }

  /** A frame in a few words. */
  describe({ kind, content }: MemberFrame): string {
    return (kind === 'engine' ? this.#oracle?.describe(content) : null) ?? kind;
  }

  /** An event of a ledger, which its mirror has followed. */
  onEvent(name: PeerId, event: LedgerEvent, mirror: ChainMirror): void {
    if (event.type === 'applied') this.#judge(name, (oracle, member) => oracle.onApplied(member, event));
    if (event.type === 'final') this.#checkFinal(name, mirror, event.height);
    const told = this.#told.get(name) ?? 0;
    if (event.type === 'undone' && event.height <= told)
      this.#fault(name, `B-I10: block ${event.height} is undone, and ${told} was final`);
  }

  #checkFinal(name: PeerId, mirror: ChainMirror, height: number): void {
    for (let next = (this.#told.get(name) ?? 0) + 1; next <= height; next++) {
      const hash = mirror.hashAt(next);
      const known = this.#final.get(next);
      if (hash === null) this.#fault(name, `B-I1: height ${next} is called final, and no block stands there`);
      else if (known === undefined) this.#final.set(next, hash);
      else if (!equalBytes(known, hash))
        this.#fault(name, `B-I1: at height ${next} ${toHex(hash)} is final, and elsewhere ${toHex(known)}`);
    }
    this.#told.set(name, Math.max(height, this.#told.get(name) ?? 0));
  }

  #judge(name: PeerId, judge: (oracle: Oracle, member: MemberIndex) => void): void {
    const member = this.#indexes.get(name);
    if (this.#oracle === null || member === undefined) return;
    try {
      judge(this.#oracle, member);
    } catch (error) {
      if (!(error instanceof Breach)) throw error;
      this.#fault(name, error.message);
    }
  }

  #fault(name: PeerId, what: string): void {
    if (this.#parts.isTrusted) this.#parts.onFault(name, what);
  }
}
