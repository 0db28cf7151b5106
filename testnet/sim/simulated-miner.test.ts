import { describe, expect, it } from 'vitest';
import { blockHash } from '../../chain/block.ts';
import { sha256 } from '../../chain/hash.ts';
import { hashMeetsTarget, targetToBytes } from '../../chain/target.ts';
import { Chance } from './chance.ts';
import { Life } from './life.ts';
import { SimulatedMiner } from './simulated-miner.ts';
import { VirtualTime } from './virtual-time.ts';

const easy = 2n ** 256n - 1n;
const target = 2n ** 250n - 1n;

function miner(rate: number, seed = 1n) {
  const time = new VirtualTime();
  const life = new Life(time);
  return { time, life, miner: new SimulatedMiner({ time, life, chance: new Chance(seed, 'miner'), rate }) };
}

function job(index: number, most = target) {
  return { contentHash: sha256(Uint8Array.of(index)), target: targetToBytes(most) };
}

describe('SimulatedMiner', () => {
  it('finds nonces that really meet the target, in trials / rate of virtual time', async () => {
    const { time, miner: machine } = miner(1_000);
    const blocks = 200;
    let found = 0;
    const next = () => {
      const { contentHash, target: bytes } = job(found);
      machine.search({ contentHash, target: bytes }, nonce => {
        expect(hashMeetsTarget(blockHash(contentHash, nonce), target)).toBe(true);
        found += 1;
        if (found < blocks) next();
      });
    };
    next();
    while (await time.step());
    expect(found).toBe(blocks);
    // 64 trials a block at 1,000 a second: 12.8 s, give or take four standard deviations of 0.9 s.
    expect(time.nowMs).toBeGreaterThan(9_200);
    expect(time.nowMs).toBeLessThan(16_400);
  });

  it('neither wins nor loses trials by being given new jobs all the time', async () => {
    const { time, miner: machine } = miner(10);
    let trials = 0;
    let jobs = 0;
    const replace = () => {
      machine.stop();
      machine.search(job(jobs++, easy), () => {
        trials += 1;
      });
      if (jobs < 400) time.after(25, replace);
    };
    replace();
    while (await time.step());
    // 10 s at 10 trials a second; each trial meets this target.
    expect(time.nowMs).toBeGreaterThan(9_900);
    expect(trials).toBe(100);
  });

  it('calls back at most once, and never for a job that was replaced or stopped', async () => {
    const { time, miner: machine } = miner(1_000);
    const found: string[] = [];
    machine.search(job(1, easy), () => found.push('replaced'));
    machine.search(job(2, easy), () => found.push('second'));
    await time.step();
    machine.search(job(3, easy), () => found.push('stopped'));
    machine.stop();
    while (await time.step());
    expect(found).toEqual(['second']);
    expect(machine.status().hashRate).toBe(0);
  });

  it('obeys its throttle', async () => {
    const { time, miner: machine } = miner(1_000);
    machine.configure({ rateMax: 2 });
    let foundAtMs = 0;
    machine.search(job(1, easy), () => {
      foundAtMs = time.nowMs;
    });
    expect(machine.status().hashRate).toBe(2);
    while (await time.step());
    expect(foundAtMs).toBe(500);
  });

  it('finds nothing after the death of its process', async () => {
    const { time, life, miner: machine } = miner(1_000);
    let isFound = false;
    machine.search(job(1, easy), () => {
      isFound = true;
    });
    life.end();
    while (await time.step());
    expect(isFound).toBe(false);
  });
});
