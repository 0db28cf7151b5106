import { describe, expect, it } from 'vitest';
import { toUtf8 } from '../../chain/bytes.ts';
import type { Store } from '../../daemon/ports.ts';
import { Chance } from './chance.ts';
import { Life } from './life.ts';
import { type DiskSettings, SimulatedDisk } from './simulated-disk.ts';
import { rest, VirtualTime } from './virtual-time.ts';

interface Machine {
  readonly time: VirtualTime;
  readonly disk: SimulatedDisk;
  readonly life: Life;
}

function machine(seed: number, settings: Partial<DiskSettings> = {}): Machine {
  const time = new VirtualTime();
  const disk = new SimulatedDisk(new Chance(BigInt(seed), 'disk'), {
    syncMs: [5, 5],
    honesty: 'keeps its word',
    ...settings,
  });
  return { time, disk, life: new Life(time) };
}

const put = (store: Store, key: string, durability: 'durable' | 'lazy') =>
  store.write([{ key: toUtf8(key), value: toUtf8(`value of ${key}`) }], durability, 'ledger-step');

async function crash({ disk, life }: Machine): Promise<void> {
  life.end();
  await disk.crash();
}

/** Until nothing is under way. */
async function drain({ time }: Machine): Promise<void> {
  await rest();
  while (await time.step());
}

/** Which of the keys the disk holds. */
async function held({ disk }: Machine, keys: readonly string[]): Promise<string> {
  const values = await disk.rows.getMany(keys.map(toUtf8));
  return keys.filter((_, index) => values[index] !== null).join('');
}

/** What survives over many seeds. */
async function outcomes(run: (machine: Machine) => Promise<string>): Promise<readonly string[]> {
  const found = new Set<string>();
  for (let seed = 0; seed < 40; seed++) found.add(await run(machine(seed)));
  return [...found].sort();
}

describe('SimulatedDisk', () => {
  it('D2: keeps what was acknowledged as durable, with all earlier writes', async () => {
    const found = await outcomes(async box => {
      const { store } = box.disk.open(box.life);
      void put(store, 'a', 'lazy'); // It ends, or never does, as the crash decides.
      let isDurable = false;
      const noted = put(store, 'b', 'durable').then(() => {
        isDurable = true;
      });
      void noted; // It ends, or never does, as the crash decides.
      await rest();
      expect(isDurable).toBe(false);
      await drain(box);
      expect(isDurable).toBe(true);
      expect(box.time.nowMs).toBe(5);
      await crash(box);
      return held(box, ['a', 'b']);
    });
    expect(found).toEqual(['ab']);
  });

  it('loses any end of the lazy writes since, never one before one that it keeps', async () => {
    const found = await outcomes(async box => {
      const { store } = box.disk.open(box.life);
      for (const key of ['a', 'b', 'c']) await put(store, key, 'lazy');
      await crash(box);
      return held(box, ['a', 'b', 'c']);
    });
    expect(found).toEqual(['', 'a', 'ab', 'abc']);
  });

  it('D2: keeps or loses as a whole the batch that was being synced, and nothing that waited behind it', async () => {
    const found = await outcomes(async box => {
      const { store } = box.disk.open(box.life);
      const value = toUtf8('value');
      const both = ['a', 'b'].map(key => ({ key: toUtf8(key), value }));
      void store.write(both, 'durable', 'ledger-step'); // It ends, or never does, as the crash decides.
      void put(store, 'c', 'lazy'); // It ends, or never does, as the crash decides.
      await rest();
      expect(box.disk.isSyncing).toBe(true);
      await crash(box);
      await drain(box);
      return held(box, ['a', 'b', 'c']);
    });
    expect(found).toEqual(['', 'ab']);
  });

  it('takes nothing more from a dead process', async () => {
    const box = machine(1);
    const { store, log } = box.disk.open(box.life);
    await crash(box);
    void put(store, 'a', 'lazy'); // It ends, or never does, as the crash decides.
    void put(store, 'b', 'durable'); // It ends, or never does, as the crash decides.
    void log.append([toUtf8('record')]); // It ends, or never does, as the crash decides.
    await drain(box);
    expect(await held(box, ['a', 'b'])).toBe('');
    const next = new Life(box.time);
    expect(await box.disk.open(next).log.read()).toEqual([]);
  });

  it('D2: keeps acknowledged records, and any beginning of an append under way', async () => {
    const found = await outcomes(async box => {
      const { log } = box.disk.open(box.life);
      void log.append([toUtf8('a')]); // It ends, or never does, as the crash decides.
      await drain(box);
      void log.append([toUtf8('b'), toUtf8('c')]); // It ends, or never does, as the crash decides.
      await rest();
      await crash(box);
      const records = await box.disk.open(new Life(box.time)).log.read();
      return records.map(record => String.fromCharCode(...record)).join('');
    });
    expect(found).toEqual(['a', 'ab', 'abc']);
  });

  it('D2: holds after a crash the records before a replacement that was under way, or those after it', async () => {
    const found = await outcomes(async box => {
      const { log } = box.disk.open(box.life);
      void log.append([toUtf8('a'), toUtf8('b')]); // It ends, or never does, as the crash decides.
      await drain(box);
      void log.replace([toUtf8('c')]); // It ends, or never does, as the crash decides.
      await rest();
      await crash(box);
      const records = await box.disk.open(new Life(box.time)).log.read();
      return records.map(record => String.fromCharCode(...record)).join('');
    });
    expect(found).toEqual(['ab', 'c']);
  });

  it('keeps everything of a process that stopped in order', async () => {
    const box = machine(1);
    const { store } = box.disk.open(box.life);
    await put(store, 'a', 'lazy');
    await store.close();
    box.life.end();
    box.disk.reopen();
    expect(await held(box, ['a'])).toBe('a');
  });

  it('loses what it called durable when it is told to lie', async () => {
    const box = machine(1, { honesty: 'lies' });
    const { store } = box.disk.open(box.life);
    void put(store, 'a', 'durable'); // It ends, or never does, as the crash decides.
    await drain(box);
    expect(await held(box, ['a'])).toBe('a');
    await crash(box);
    expect(await held(box, ['a'])).toBe('');
  });
});
