/** What theory says of attacks on proof of work (PROTOCOLS 10): the curves that the experiments are held against. */

/** An attack that tries to replace a payment's block. */
export interface DoubleSpend {
  /** The attacker's share of all hash power, above 0 and below 1. */
  readonly share: number;
  /** Blocks that the victim waits for. */
  readonly confirmations: number;
  /** The attacker stops when so many blocks further behind than when the victim was content; Infinity: never. */
  readonly giveUp: number;
}

/**
 * The chance that the attacker's branch becomes strictly longer: no block is mined ahead, of equal branches the first stays (P_S of
 * PROTOCOLS 10.1). While the honest find their blocks, the attacker's are negative binomial; then a gambler's ruin between the
 * overtaking and the giving up.
 */
export function strictDoubleSpend({ share, confirmations, giveUp }: DoubleSpend): number {
  let ahead = 1;
  let success = 0;
  // The chance that the attacker has found `found` blocks when the honest find the last of theirs.
  let chance = (1 - share) ** confirmations;
  for (let found = 0; found <= confirmations; found++) {
    ahead -= chance;
    success += chance * catchUp(share, confirmations + 1 - found, giveUp);
    chance *= (share * (confirmations + found)) / (found + 1);
  }
  return success + ahead;
}

/** An attack that is given up as soon as it is so many blocks behind, also before the victim is content. */
export interface WatchedDoubleSpend {
  readonly share: number;
  /** Some dozens at most: all ways to them are gone through. */
  readonly confirmations: number;
  readonly giveUpBehind: number;
}

/** strictDoubleSpend with an absolute limit, looked at from the first block on: block by block, then the gambler's ruin. */
export function watchedDoubleSpend({ share, confirmations, giveUpBehind }: WatchedDoubleSpend): number {
  // The chances that the attacker has found 0, 1, ... blocks when the honest have found `honest`; the last holds all that are ahead for good.
  let chances = new Array<number>(confirmations + 2).fill(0);
  chances[0] = 1;
  for (let honest = 0; honest < confirmations; honest++) {
    let carried = 0;
    chances = chances.map((chance, found) => {
      if (honest - found >= giveUpBehind) return 0;
      if (found > confirmations) return chance + carried;
      const here = chance + carried;
      carried = here * share;
      return here * (1 - share);
    });
  }
  return chances.reduce((sum, chance, found) => {
    const behind = confirmations - found;
    if (behind >= giveUpBehind) return sum;
    return sum + (behind < 0 ? chance : chance * catchUp(share, behind + 1, giveUpBehind - behind));
  }, 0);
}

/**
 * watchedDoubleSpend on a network that makes the payment final when the honest have found `finalAfter` blocks, the payment's the first: what is not
 * undone by then never is.
 */
export function finalDoubleSpend(attack: WatchedDoubleSpend & { readonly finalAfter: number }): number {
  const { share, confirmations, giveUpBehind, finalAfter } = attack;
  if (finalAfter <= confirmations) return 0;
  // Backwards, the chances with so many honest blocks, by what the attacker has found; the last is ahead for good.
  const chances = new Array<number>(finalAfter + 2).fill(0);
  for (let honest = finalAfter - 1; honest >= 0; honest--) {
    let ahead = 1;
    for (let found = finalAfter + 1; found >= 0; found--) {
      const isWon = found > finalAfter || (honest >= confirmations && found > honest);
      const isHopeless = honest - found >= giveUpBehind;
      const open = isHopeless ? 0 : share * ahead + (1 - share) * (chances[found] ?? 0);
      ahead = isWon ? 1 : open;
      chances[found] = ahead;
    }
  }
  return chances[0] ?? 0;
}

/** The chance of gaining `gain` blocks before losing `giveUp`, when each next block is the attacker's with the chance `share`. */
export function catchUp(share: number, gain: number, giveUp: number): number {
  const odds = (1 - share) / share;
  if (giveUp === Number.POSITIVE_INFINITY) return odds <= 1 ? 1 : odds ** -gain;
  if (odds === 1) return giveUp / (giveUp + gain);
  return (1 - odds ** giveUp) / (1 - odds ** (giveUp + gain));
}

/**
 * The share of all blocks of the chain that a selfish miner gets with the share `alpha` of the hash power, when `gamma` of the honest
 * mine on its block in a tie (Eyal and Sirer, "Majority is not enough", 2014, equation 8). Holds for alpha below 1/2.
 */
export function selfishRevenue(alpha: number, gamma: number): number {
  const gain = alpha * (1 - alpha) ** 2 * (4 * alpha + gamma * (1 - 2 * alpha)) - alpha ** 3;
  return gain / (1 - alpha * (1 + (2 - alpha) * alpha));
}

/** The share from which selfish mining pays more than honest mining. */
export function selfishThreshold(gamma: number): number {
  return (1 - gamma) / (3 - 2 * gamma);
}

/** Blocks an interval by which the honest chain grows when a block needs `delay` intervals to reach the others (PROTOCOLS 2.7). */
export function honestGrowth(honestShare: number, delay: number): number {
  return honestShare / (1 + honestShare * delay);
}

/** The attacker's share at which its own chain grows as fast as the honest one: the root of share = honestGrowth(1 - share, delay). */
export function delayThreshold(delay: number): number {
  if (delay === 0) return 1 / 2;
  // delay x^2 - (2 + delay) x + 1 = 0; the smaller root.
  return (2 + delay - Math.sqrt((2 + delay) ** 2 - 4 * delay)) / (2 * delay);
}
