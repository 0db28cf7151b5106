import { expect, it } from 'vitest';
import { type ErrorCode, KvchainError } from '../../chain/errors.ts';
import { type AskTrace, Watch } from './watch.ts';

type TraceEntry = Awaited<ReturnType<AskTrace>>[number];

const entriesMax = 2_000;

/** A server that can be killed, slow and restarted: its trace, of which it keeps the newest, and what it answers with instead. */
class Server {
  #time = 0;
  #count = 0;
  #entries: TraceEntry[] = [];
  fails: ErrorCode | null = null;

  say(...words: readonly string[]): void {
    for (const text of words) {
      this.#time += 1;
      this.#count += 1;
      this.#entries.push({ number: this.#count, time: this.#time, what: 'said', member: 'P2', data: { text } });
      this.#entries = this.#entries.slice(-entriesMax);
    }
  }

  restart(): void {
    this.#count = 0;
    this.#entries = [];
  }

  ask: AskTrace = async after => {
    if (this.fails !== null) throw new KvchainError(this.fails, 'no trace');
    return this.#entries.filter(({ number }) => number > after);
  };
}

/** A server that is watched, and said one word. */
async function watched() {
  const server = new Server();
  const watch = new Watch(server.ask, { self: 'P1', members: ['P1', 'P2'] });
  await watch.look();
  server.say('one');
  expect(await watch.look()).toEqual(['P2 says: one']);
  return { server, watch };
}

it('tells everything once', async () => {
  const { server, watch } = await watched();
  server.say('two', 'three');
  expect(await watch.look()).toEqual(['P2 says: two', 'P2 says: three']);
  expect(await watch.look()).toEqual([]);
});

it('tells everything once when two look at the same time', async () => {
  const { server, watch } = await watched();
  server.say('two');
  const looks = await Promise.all([watch.look(), watch.look()]);
  expect(looks.flat()).toEqual(['P2 says: two']);
});

it.each(['TIMED_OUT', 'UNREACHABLE', 'STOPPING'] as const)('after %s it goes on where it was', async code => {
  const { server, watch } = await watched();
  server.fails = code;
  expect(await watch.look()).toEqual([]);
  server.fails = null;
  server.say('two');
  expect(await watch.look()).toEqual(['P2 says: two']);
});

it.each([1, 2, 3])('a server that was restarted and said %d words since is told from its beginning', async count => {
  const { server, watch } = await watched();
  server.say('two');
  await watch.look();
  const words = ['uno', 'due', 'tre'].slice(0, count);
  server.restart();
  server.say(...words);
  expect(await watch.look()).toEqual(words.map(word => `P2 says: ${word}`));
});

it('a server that did more than it keeps is told from the oldest on that it has', async () => {
  const { server, watch } = await watched();
  server.say(...Array.from({ length: entriesMax + 1 }, (_, index) => String(index)));
  const told = await watch.look();
  expect([told[0], told.length]).toEqual(['P2 says: 1', entriesMax]);
});

it('what is no silence is not hidden', async () => {
  const { server, watch } = await watched();
  server.fails = 'UNAUTHORIZED';
  await expect(watch.look()).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
});
