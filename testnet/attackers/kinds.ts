/** The attackers that a network can have, by the names of their files. */
export const attackerKinds = ['private-fork', 'silent'] as const;

export type AttackerKind = (typeof attackerKinds)[number];
