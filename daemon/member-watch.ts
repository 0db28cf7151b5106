/**
 * What a person may watch of this node among the members (`node_trace`): every frame that it sends them and hears from them, the nonces that it
 * finds, the blocks that it commits, and words from person to person.
 */
import type { Block } from '../chain/block.ts';
import { fromUtf8 } from '../chain/bytes.ts';
import { type Genesis, paramsAt } from '../chain/genesis.ts';
import type { MemberIndex } from '../consensus/engine.ts';
import type { EngineInstance } from '../consensus/instance.ts';
import type { Clock } from './ports.ts';
import { TraceBook, type TraceEntry } from './trace-book.ts';
import type { MemberFrame } from './wire.ts';

export interface MemberWatchParts {
  readonly genesis: Genesis;
  readonly clock: Clock;
  readonly engine: EngineInstance;
}

export class MemberWatch {
  readonly book: TraceBook;
  readonly #parts: MemberWatchParts;

  constructor(parts: MemberWatchParts) {
    this.#parts = parts;
    this.book = new TraceBook(parts.clock);
  }

  sent(member: MemberIndex, frame: MemberFrame): void {
    this.book.add('sent', this.#nameOf(member), () => this.#describe(frame));
  }

  heard(member: MemberIndex, frame: MemberFrame): void {
    const what = frame.kind === 'words' ? 'said' : 'received';
    this.book.add(what, this.#nameOf(member), () => this.#describe(frame));
  }

  /** The nonce of a block of this node's was found. */
  found(block: Block): void {
    this.book.add('nonce', null, () => this.sealTexts(block));
  }

  committed(block: Block): void {
    this.book.add('committed', null, () => ({ depth: block.header.height, ...this.sealTexts(block) }));
  }

  /** What a block's header says of its body, as texts; null where it says nothing but the roots. */
  sealTexts({ header, transactions }: Block): Readonly<Record<string, string>> | null {
    const { engine, genesis } = this.#parts;
    return engine.bodySeal(paramsAt(genesis, header.height))?.texts(header, transactions) ?? null;
  }

  #describe({ kind, content }: MemberFrame): TraceEntry['data'] {
    if (kind === 'engine') return this.#parts.engine.describe(content);
    return kind === 'words' ? { type: kind, text: fromUtf8(content) ?? '' } : { type: kind };
  }

  #nameOf(member: MemberIndex): string | null {
    return this.#parts.genesis.members[member]?.name ?? null;
  }
}
