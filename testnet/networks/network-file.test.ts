import { describe, expect, it } from 'vitest';
import { paramsAt } from '../../chain/genesis.ts';
import { validateGenesis } from '../../chain/genesis-check.ts';
import { publicKeyOf } from '../../chain/keys.ts';
import { decodeBits, workOf } from '../../chain/target.ts';
import { genesisOf, type NetworkPlan, parseAttackers, planOf, readNetworkText } from './network-file.ts';

describe('a network file', () => {
  it('may be empty: five daemons that all know each other', () => {
    const plan = planOf(readNetworkText('', 'network.yaml'));
    expect(plan).toMatchObject({ engine: 'pow', topology: { shape: 'mesh' }, difficulty: null, attackers: [] });
    expect(plan.nodes).toEqual(Array.from({ length: 5 }, () => ({ hashRate: 2_000, flags: [] })));
  });

  it('says what each member mines, and what it does not say is the same for all', () => {
    const text = `
topology: random:3
hashRate: 500
nodes:
  - hashRate: 0
    flags: [--log-level, debug]
  - {}
  - failpoint: SIGUSR2, after own-block 1
attackers:
  - { kind: private-fork, hashRate: 900 }
  - { kind: silent, begins: on-order }
`;
    const plan = planOf(readNetworkText(text, 'network.yaml'));
    expect(plan.topology).toEqual({ shape: 'random', degree: 3 });
    expect(plan.nodes).toEqual([
      { hashRate: 0, flags: ['--log-level', 'debug'] },
      { hashRate: 500, flags: [] },
      { hashRate: 500, flags: [], failpoint: 'SIGUSR2, after own-block 1' },
    ]);
    expect(plan.attackers).toEqual([
      { kind: 'private-fork', hashRate: 900, begins: 'at-once' },
      { kind: 'silent', hashRate: 500, begins: 'on-order' },
    ]);
  });

  it.each([
    ['nodes: 0', 'nodes'],
    ['nodes: [{ hashrate: 3 }]', 'nodes'],
    ['topology: cube', 'topology: topology "cube": expected mesh, ring, star or random:D'],
    ['engine: raft', 'engine'],
    ['engine: bft', 'engine: Invalid option: expected one of "pow"|"pow-paxos"|"paxos"'],
    ['difficulty: 61', 'difficulty'],
    ['intervalMs: 10', 'intervalMs'],
    ['attackers: [{ kind: nobody }]', 'attackers.0.kind'],
    ['attackers: [{ kind: silent, begins: later }]', 'attackers.0.begins'],
    ['colour: red', 'colour'],
    ['name: A B', 'name'],
  ])('%s is refused with its place', (text, said) => {
    expect(() => planOf(readNetworkText(text, 'network.yaml'))).toThrow(said);
  });

  it('names the flag where one was typed, and the field where the file has it', () => {
    const typed = new Map([['intervalMs', '--interval']]);
    expect(() => planOf({ intervalMs: 10 }, typed)).toThrow('--interval: ');
    expect(() => planOf({ intervalMs: 500, hashRate: -1 }, typed)).toThrow('hashRate: ');
  });

  it.each(['- 1', 'just text', 'a: [', '7'])('%j is no network', text => {
    expect(() => readNetworkText(text, 'lab.yaml')).toThrow('lab.yaml: ');
  });

  it('gives a genesis that is valid, whose first difficulty fits all hash rates together', () => {
    const genesis = genesisOf(planOf({ nodes: 4, hashRate: 1_000, intervalMs: 500 }), [], Date.now());
    expect(validateGenesis(genesis)).toMatchObject({ ok: true });
    const params = paramsAt(genesis, 1);
    expect(params).toMatchObject({ retarget: 'asert', targetMs: 500, testNetwork: 1 });
    expect(Number(workOf(decodeBits(params.bits) ?? 0n))).toBeCloseTo(2_000, -1);
  });

  it('gives a difficulty that stays when it is named', () => {
    const params = paramsAt(genesisOf(planOf({ difficulty: 9 }), [], Date.now()), 1);
    expect(params.retarget).toBe('fixed');
    expect(Number(workOf(decodeBits(params.bits) ?? 0n))).toBe(512);
  });

  it('gives members of a committee votes, and nothing to mine', () => {
    const plan: NetworkPlan = { ...planOf({ nodes: 3 }), engine: 'paxos' };
    const members = ['node-0', 'node-1', 'node-2'].map((name, index) => {
      return { name, publicKey: publicKeyOf(new Uint8Array(32).fill(index + 1)) };
    });
    const genesis = genesisOf(plan, members, Date.now());
    expect(validateGenesis(genesis)).toMatchObject({ ok: true });
    expect(genesis.members).toEqual(members);
    expect(paramsAt(genesis, 1)).toMatchObject({ retarget: 'fixed', subsidy: 0n, testNetwork: 1 });
    expect(validateGenesis(genesisOf(plan, [], Date.now()))).toMatchObject({ ok: false });
  });

  it('knows attackers by kind and count', () => {
    expect(parseAttackers('private-fork:1,silent:2')).toEqual([
      { kind: 'private-fork' },
      { kind: 'silent' },
      { kind: 'silent' },
    ]);
    expect(() => parseAttackers('silent:x')).toThrow('expected KIND:COUNT');
  });
});
