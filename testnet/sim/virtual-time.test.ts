import { describe, expect, it } from 'vitest';
import { Life, SimulatedClock } from './life.ts';
import { VirtualTime } from './virtual-time.ts';

async function runAll(time: VirtualTime): Promise<void> {
  while (await time.step());
}

describe('VirtualTime', () => {
  it('runs events by time, and those of one time in the order in which they were scheduled', async () => {
    const time = new VirtualTime();
    const ran: string[] = [];
    for (const [name, atMs] of [
      ['c', 5],
      ['a', 1],
      ['d', 5],
      ['b', 1],
    ] as const) {
      time.after(atMs, () => ran.push(`${name} ${time.nowMs}`));
    }
    await runAll(time);
    expect(ran).toEqual(['a 1', 'b 1', 'c 5', 'd 5']);
  });

  it('does not run what was cancelled, even by an event of the same time', async () => {
    const time = new VirtualTime();
    const ran: string[] = [];
    time.after(1, () => cancel());
    const cancel = time.after(1, () => ran.push('cancelled'));
    time.after(2, () => ran.push('kept'));
    await runAll(time);
    expect(ran).toEqual(['kept']);
  });

  it('lets all promises that an event set going come to rest before the next event', async () => {
    const time = new VirtualTime();
    const ran: string[] = [];
    const chain = async () => {
      for (let link = 0; link < 1_000; link++) await Promise.resolve();
      await Promise.all([Promise.resolve(), (async () => {})()]);
      ran.push('chain');
    };
    time.after(1, () => {
      chain().catch(() => ran.push('failed'));
    });
    time.after(1, () => ran.push('next event'));
    await runAll(time);
    expect(ran).toEqual(['chain', 'next event']);
  });

  it('takes no real time for virtual hours', async () => {
    const time = new VirtualTime();
    time.after(24 * 3_600_000, () => {});
    const startedMs = performance.now();
    await runAll(time);
    expect(time.nowMs).toBe(86_400_000);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });
});

describe('Life', () => {
  it('rings no timer after its end', async () => {
    const time = new VirtualTime();
    const life = new Life(time);
    const ran: string[] = [];
    life.after(1, () => ran.push('before'));
    life.after(3, () => ran.push('after'));
    time.after(2, () => life.end());
    await runAll(time);
    life.after(1, () => ran.push('set by the dead'));
    await runAll(time);
    expect(ran).toEqual(['before']);
  });

  it('never lets a dead process learn of what it waited for', async () => {
    const time = new VirtualTime();
    const life = new Life(time);
    const learnt: string[] = [];
    const learn = (what: string) => () => learnt.push(what);
    const later = new Promise<void>(resolve => {
      time.after(2, resolve);
    });
    life.go(() => later).then(learn('value'), learn('error'));
    life.go(async () => Promise.reject(await later)).then(learn('value'), learn('error'));
    life.sleep(2).then(learn('sleep'), learn('error'));
    time.after(1, () => life.end());
    await runAll(time);
    life.go(async () => learnt.push('begun by the dead')).then(learn('value'), learn('error'));
    await runAll(time);
    expect(learnt).toEqual([]);
  });
});

describe('SimulatedClock', () => {
  it('may be wrong and run wrong, while its timers ring by its own time', async () => {
    const time = new VirtualTime();
    const clock = new SimulatedClock(time, new Life(time), { startMs: 1_000_000, rate: 2 });
    let rangAtMs = 0;
    clock.setTimer(100, () => {
      rangAtMs = time.nowMs;
    });
    await runAll(time);
    expect(rangAtMs).toBe(50);
    expect(clock.now()).toBe(1_000_100);
  });

  it('counts the timers that are set', async () => {
    const time = new VirtualTime();
    const clock = new SimulatedClock(time, new Life(time), { startMs: 0, rate: 1 });
    const cancel = clock.setTimer(10, () => {});
    clock.setTimer(20, () => {});
    expect(clock.timers).toBe(2);
    cancel();
    cancel();
    expect(clock.timers).toBe(1);
    await runAll(time);
    expect(clock.timers).toBe(0);
  });
});
