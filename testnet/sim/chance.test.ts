import { describe, expect, it } from 'vitest';
import { Chance } from './chance.ts';

const draws = (chance: Chance, count = 8) => Array.from({ length: count }, () => chance.next());

describe('Chance', () => {
  it('gives the same numbers for the same seed and name', () => {
    expect(draws(new Chance(7n, 'a'))).toEqual(draws(new Chance(7n, 'a')));
  });

  it('gives others for another seed or another name', () => {
    expect(draws(new Chance(8n, 'a'))).not.toEqual(draws(new Chance(7n, 'a')));
    expect(draws(new Chance(7n, 'b'))).not.toEqual(draws(new Chance(7n, 'a')));
  });

  it('makes streams that do not shift when another stream draws more', () => {
    const [quiet, busy] = [new Chance(7n, 'a'), new Chance(7n, 'a')];
    draws(busy, 100);
    draws(busy.stream('left'), 100);
    expect(draws(busy.stream('right'))).toEqual(draws(quiet.stream('right')));
  });

  it('reaches both ends of a range and nothing beyond', () => {
    const chance = new Chance(1n, 'range');
    const seen = new Set(Array.from({ length: 500 }, () => chance.between(3, 6)));
    expect([...seen].sort()).toEqual([3, 4, 5, 6]);
  });

  it('is even enough: of 10,000 fractions half are below a half, within 3 %', () => {
    const chance = new Chance(2n, 'even');
    const below = Array.from({ length: 10_000 }, () => chance.fraction()).filter(fraction => fraction < 0.5).length;
    expect(below).toBeGreaterThan(4_700);
    expect(below).toBeLessThan(5_300);
  });

  it('shuffles without losing or doubling anything', () => {
    const items = Array.from({ length: 20 }, (_, index) => index);
    const shuffled = new Chance(3n, 'cards').shuffle(items);
    expect(shuffled).not.toEqual(items);
    expect([...shuffled].sort((a, b) => a - b)).toEqual(items);
  });
});
