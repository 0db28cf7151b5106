import { expect, it } from 'vitest';
import { logChain } from './chain-log.ts';
import type { LedgerEvent } from './node-api.ts';

it('tells each reorganisation, and of other heads one in half a minute', () => {
  const told: string[] = [];
  const tell = (data: object, message: string) => told.push(`${message} ${JSON.stringify(data)}`);
  const log = { error: tell, warn: tell, info: tell, debug: tell };
  let now = 0;
  let follow: (event: LedgerEvent) => void = () => {};
  const node = {
    peers: () => [],
    onLedgerEvent: (listener: typeof follow) => {
      follow = listener;
      return () => {
        follow = () => {};
      };
    },
  };
  const end = logChain(node, log, () => now);
  const head = (atMs: number, height: number, undone = 0) => {
    now = atMs;
    follow({ type: 'head', height, hash: new Uint8Array([height]), undone });
  };
  head(0, 1);
  head(1_000, 2);
  head(2_000, 3, 1);
  head(31_000, 4);
  head(32_000, 5);
  follow({ type: 'final', height: 5 });
  end();
  head(90_000, 6);
  expect(told).toEqual([
    'new head {"height":1,"hash":"01","peers":0}',
    'the chain was reorganised {"height":3,"hash":"03","peers":0,"undone":1}',
    'new head {"height":5,"hash":"05","peers":0}',
  ]);
});
