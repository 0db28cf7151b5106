/** The attackers, by the names of their files: what each does, and the rows of docs/operate/threats.md that it belongs to. */

export interface AttackerRow {
  readonly what: string;
  readonly threats: readonly string[];
}

/** With less than half of the work together these change nothing. */
export const minorities = {
  'private-fork': { what: 'a miner pays, and mines a branch in secret in which it did not', threats: ['C1'] },
  'selfish-miner': { what: 'a miner keeps its blocks until the others are about to catch up', threats: ['C2'] },
  withholder: { what: 'a miner announces blocks and never gives what is in them', threats: ['C19', 'P9'] },
  'time-warper': { what: 'a miner sets the times of its blocks to the edges of the rules', threats: ['C4', 'C5'] },
  equivocator: { what: 'a miner publishes eight blocks where it found one', threats: ['C20'] },
  'invalid-blocks': {
    what: 'a miner makes blocks that break one rule each, and builds on them',
    threats: ['C6', 'C7', 'C10', 'C19'],
  },
  'invalid-transactions': { what: 'a node gossips transactions that nobody signed', threats: ['C10'] },
  malformed: { what: 'a node sends bytes that are no message', threats: ['P5', 'P6', 'C17'] },
  spammer: { what: 'a node sends transactions that cost nothing, without end', threats: ['T5', 'T6'] },
  'orphan-flooder': { what: 'a node sends transactions behind gaps that are never filled', threats: ['T2', 'C18'] },
  'header-flooder': {
    what: 'a node floods the others with headers whose parents nobody knows',
    threats: ['C18'],
  },
  replayer: { what: 'a node sends old messages, and transactions of another chain', threats: ['T1', 'T2', 'P5'] },
  silent: { what: 'a node claims the heaviest chain, passes nothing on and answers nothing', threats: ['P9'] },
  slow: { what: 'a node answers late, and passes on what is old', threats: ['P9', 'P10'] },
  leaper: { what: 'a node leaves out the first of the headers that it is asked for', threats: ['C18', 'P9'] },
  liar: {
    what: 'a node answers with changed bytes, cut lists and the answers to other questions',
    threats: ['C7', 'C19'],
  },
} as const satisfies Record<string, AttackerRow>;

/** These lie about what is final, where members make blocks final that anybody mines. */
export const certifiers = {
  'false-certifier': { what: 'a node tells certificates that the members did not sign', threats: ['P2'] },
} as const satisfies Record<string, AttackerRow>;

/**
 * These have many identities, which real sockets alone give them. On simulated wires they have one, and are no more than one more that
 * keeps silent, so `--faults all` leaves them out.
 */
export const surrounders = {
  eclipser: {
    what: 'a node with many identities takes the places of one victim and tells it nothing but of each other',
    threats: ['P1'],
  },
} as const satisfies Record<string, AttackerRow>;

/** These have more than half of the work, from which nothing protects. */
export const majorities = {
  censor: { what: 'a miner with more than half of the work leaves one account out', threats: ['C1'] },
  'history-rewriter': {
    what: 'a miner with more than half of the work replaces what was settled',
    threats: ['C1', 'C3'],
  },
} as const satisfies Record<string, AttackerRow>;

/** Members, from whose lies nothing protects what is final. */
export const lyingMembers = {
  'lying-member': {
    what: 'a member says what is beyond all reason, and what nobody asked for',
    threats: ['P2', 'C18'],
  },
} as const satisfies Record<string, AttackerRow>;

export type MajorityKind = keyof typeof majorities;
export type AttackerKind =
  | keyof typeof minorities
  | keyof typeof certifiers
  | keyof typeof surrounders
  | keyof typeof lyingMembers
  | MajorityKind;

export const attackerKinds = [minorities, certifiers, surrounders, majorities]
  .flatMap(rows => Object.keys(rows))
  .filter(isAttacker);

export function isAttacker(name: string): name is AttackerKind {
  return [minorities, certifiers, surrounders, lyingMembers, majorities].some(rows => Object.hasOwn(rows, name));
}

export function isCertifier(name: string): boolean {
  return Object.hasOwn(certifiers, name);
}

export function isMajority(name: string): name is MajorityKind {
  return Object.hasOwn(majorities, name);
}

export function isLyingMember(name: string): boolean {
  return Object.hasOwn(lyingMembers, name);
}
