/**
 * The rules under `node --conditions=mutant`: the one that KVCHAIN_BROKEN_RULE names is not in force; without the variable all are.
 * Production never loads this file.
 */

const broken = process.env.KVCHAIN_BROKEN_RULE ?? null;
let isWhole = false;

export function isEnforced(rule: string): boolean {
  return isWhole || rule !== broken;
}

/** Judges by all rules, as one who is not broken: the oracle of a mutant must not share its fault. */
export function withAllRules<T>(judge: () => T): T {
  const before = isWhole;
  isWhole = true;
  try {
    return judge();
  } finally {
    isWhole = before;
  }
}
