/** What a server does, as its console tells it: each act once, also after the server was killed and restarted. */
import { passOverSilence } from '../../daemon/classroom/silence.ts';
import type { ResultOf } from '../../daemon/rpc/client.ts';
import { type Narrator, tell, tellMessage } from './narration.ts';

type TraceEntry = ResultOf<'node_trace'>['entries'][number];

/** The entries of a server's trace above this number, oldest first. Error thrown: UNREACHABLE and others while it does not run. */
export type AskTrace = (after: number) => Promise<readonly TraceEntry[]>;

export class Watch {
  /** Whether messages are told, too. */
  isFull = false;
  readonly #ask: AskTrace;
  readonly #narrator: Narrator;
  #last: TraceEntry | null = null;

  constructor(ask: AskTrace, narrator: Narrator) {
    this.#ask = ask;
    this.#narrator = narrator;
  }

  /** The sentences for what it did since the last look; none while it is silent. Errors thrown: all but silence. */
  async look(): Promise<readonly string[]> {
    const last = this.#last;
    // The last one that is known is asked for again: it shows that the server still counts as it did.
    const entries = await this.#ask(last === null ? 0 : last.number - 1).catch(passOverSilence);
    if (entries === null) return [];
    // Another look was quicker.
    if (this.#last !== last) return this.look();
    const [first] = entries;
    if (last !== null && (first?.number !== last.number || first.time !== last.time)) {
      // It was restarted and counts anew, or did more than it keeps: then all that it has is news.
      this.#last = null;
      return this.look();
    }
    this.#last = entries.at(-1) ?? last;
    return entries.slice(last === null ? 0 : 1).flatMap(entry => this.#tell(entry));
  }

  #tell(entry: TraceEntry): readonly string[] {
    const message = this.isFull ? tellMessage(entry, this.#narrator) : null;
    return [message, tell(entry, this.#narrator)].filter(text => text !== null);
  }
}
