import { describe, expect, it } from 'vitest';
import { majorities, minorities } from '../attackers/kinds.ts';
import { Chance } from './chance.ts';
import { chapters } from './chapters.ts';
import { planWorld } from './plan.ts';
import { faultsWithin, ofSeed, optionsOf, parseFaults, readScenario, type Scenario } from './scenario.ts';

function planOf(scenario: Scenario) {
  const disk = { syncMs: [1, 2], honesty: 'keeps its word' } as const;
  return planWorld({ scenario, chance: new Chance(scenario.seed, 'plan'), rate: 64, startMs: 0, disk });
}

const seeds = Array.from({ length: 100 }, (_, index) => BigInt(index));

describe('faults', () => {
  it('are all that the engine survives, those beyond too, none, or a list', () => {
    const within = faultsWithin('pow');
    expect(within).toEqual(expect.arrayContaining(['partition', 'twins', ...Object.keys(minorities)]));
    expect(parseFaults('all')).toEqual({ ok: true, value: within });
    const beyond = [...within, ...Object.keys(majorities), 'amnesia'];
    expect(parseFaults('beyond')).toEqual({ ok: true, value: beyond });
    expect(parseFaults('none')).toEqual({ ok: true, value: [] });
    expect(parseFaults('kill,loss')).toEqual({ ok: true, value: ['kill', 'loss'] });
  });

  it('of another name are refused with the names that there are', () => {
    const parsed = parseFaults('kill,lightning');
    expect(parsed.ok ? '' : parsed.error.detail).toMatch(/no fault "lightning"; there are partition, .*amnesia/);
  });
});

describe('faults where members alone make blocks', () => {
  it('are those of machines and of members, and nobody lies', () => {
    const within = faultsWithin('paxos');
    expect(within).toEqual(expect.arrayContaining(['kill', 'duel', 'leader-dies', 'blackout', 'disorder']));
    expect(within.filter(fault => fault === 'twins' || Object.hasOwn(minorities, fault))).toEqual([]);
    expect(parseFaults('beyond', 'paxos')).toEqual({ ok: true, value: [...within, 'amnesia'] });
  });

  it.each([
    ['silent', 'paxos', 'silent: members of paxos may crash, not lie, and nobody else makes blocks'],
    ['censor', 'paxos', 'censor: members of paxos may crash, not lie, and nobody else makes blocks'],
    ['duel', 'pow', 'duel: nobody is a member where the engine is pow'],
  ] as const)('%s with %s is refused', (name, engine, says) => {
    const parsed = parseFaults(name, engine);
    expect(parsed.ok ? '' : parsed.error.detail).toContain(says);
  });
});

describe('a scenario', () => {
  it('is read as it was printed, and refused with another fault', () => {
    const printed = {
      engine: 'pow',
      seed: 7,
      nodes: null,
      intervalMs: 1_000,
      faults: ['kill'],
      without: [1],
      check: 'A-I1',
    };
    const scenario: Scenario = {
      engine: 'pow',
      seed: 7n,
      nodes: null,
      intervalMs: 1_000,
      faults: ['kill'],
      signatures: 'real',
      without: [1],
    };
    expect(readScenario(JSON.stringify(printed))).toEqual(scenario);
    expect(() => readScenario(JSON.stringify({ ...printed, faults: ['lightning'] }))).toThrow('no such fault');
    expect(optionsOf(scenario)).toBe('--engine pow --seed 7 --faults kill --without 1');
    expect(optionsOf({ ...scenario, signatures: 'fast' })).toContain('--signatures fast');
    expect(optionsOf(ofSeed(7n))).toBe('--engine pow --seed 7 --faults all');
    expect(optionsOf({ ...scenario, nodes: 5, faults: [], without: [] })).toBe(
      '--engine pow --seed 7 --nodes 5 --faults none',
    );
  });

  it('has chapters of its faults alone, and without any a calm one', () => {
    for (const seed of seeds) {
      const chance = new Chance(seed, 'story');
      const chosen = chapters(chance, { ...ofSeed(seed), faults: ['partition', 'restart'] });
      expect(chosen).toContain('partition');
      expect(chosen.filter(chapter => !['partition', 'restart'].includes(chapter))).toEqual([]);
      expect(chapters(chance, { ...ofSeed(seed), faults: [] })).toEqual(['calm']);
    }
  });
});

describe('a plan', () => {
  it('has as many machines as it is told, three honest ones at least, and attackers with less than half of the work', () => {
    for (const seed of seeds) {
      const { honest, attackers } = planOf({ ...ofSeed(seed), nodes: 7 });
      expect(honest.length + attackers.length).toBe(7);
      expect(honest.length).toBeGreaterThanOrEqual(3);
      const work = (plans: typeof honest) => plans.reduce((sum, { rate }) => sum + rate, 0);
      expect(work(attackers)).toBeLessThan(work(honest));
    }
  });

  it('gives each honest machine an honest one to dial', () => {
    for (const seed of seeds) {
      const { honest } = planOf(ofSeed(seed));
      const names = new Set(honest.map(({ name }) => name));
      for (const { bootstrap } of honest) expect(bootstrap.filter(name => names.has(name)).length).toBeGreaterThan(0);
    }
  });

  it('has each fault in some worlds and not in others, and none that is not allowed', () => {
    const plans = seeds.map(seed => planOf(ofSeed(seed)));
    for (const fault of ['clock', 'slow-node', 'bandwidth', 'twins', 'regions'] as const) {
      const count = plans.filter(plan => plan.faults.has(fault)).length;
      expect(count, fault).toBeGreaterThan(30);
      expect(count, fault).toBeLessThan(90);
    }
    const kinds = new Set(plans.flatMap(({ attackers }) => attackers.map(({ attacker }) => attacker)));
    expect([...kinds].sort()).toEqual(Object.keys(minorities).sort());
    const calm = planOf({ ...ofSeed(1n), faults: [] });
    expect(calm.attackers).toEqual([]);
    expect(calm.weather.lossProbability).toBe(0);
    expect(calm.honest.map(({ clock }) => clock.rate)).toEqual(calm.honest.map(() => 1));
  });

  it('beyond the model has one attacker with more work than all the others', () => {
    const { honest, attackers } = planOf({ ...ofSeed(1n), nodes: 5, faults: ['censor'] });
    expect(attackers).toHaveLength(1);
    expect(attackers[0]?.rate).toBeGreaterThan(honest.reduce((sum, { rate }) => sum + rate, 0));
  });
});
