/** docs/testnet/attackers.md: who attacks, and what each does. */
import { duels, eclipse } from '../mutants/duels.ts';
import { type AttackerRow, certifiers, lyingMembers, majorities, minorities, surrounders } from './kinds.ts';

export function attackersPage(notice: string): string {
  return `${notice}
# Attackers

Ordinary peers that speak the public wire, one file each in \`testnet/attackers\`, which opens with the attack and the defence. The same
policies attack real daemons and simulated nodes:

\`\`\`sh
kvchain-testnet up --nodes 5 --attackers private-fork:1,silent:1
node dist/testnet/sim/main.js --seeds 1..20 --faults selfish-miner,liar
\`\`\`

A defence is a [planted bug](../experiments/mutants.md) turned round: where the table names one, a test shows that the network holds with this rule and fails
without it, and that the same honest machines without the rule and without the attacker hold too: it is the attack that fails them. The letters
are the rows of [threats](../operate/threats.md).

Nothing keeps a \`selfish-miner\` from its gain: how much it has to own for that depends on how well it is connected, which
[selfish mining](../experiments/selfish-mining/README.md) measures. The rule beside it keeps what it undoes from being lost to others.

## With less than half of the work

\`--faults all\` has all of these.

${tableOf(minorities)}

## About what is final

\`--faults all\` has these with the engine \`pow-paxos\`, whose members they are not.

${tableOf(certifiers)}

## With many identities

Over real sockets one such process has 16 identities, each a peer that dials the victim (the first daemon of the network) and its own
fellows, which it tells of. A simulated wire has no places to be filled, no addresses that are told, and one identity for an attacker:
there it withholds what it has and no more, and \`--faults all\` leaves it out.

${tableOf(surrounders)}

## With more than half of the work

Nothing in proof of work protects from these: \`--faults beyond\`, or \`--attackers\` in a file that gives them the hash rate.

${tableOf(majorities)}

## Members that lie

A member of \`pow-paxos\` is trusted to crash only, so what is final is not demanded beside this one: that nobody ends, blames an honest peer or keeps
more than its limits, and that blocks go on. It is in the simulator alone, \`--faults beyond\`, for no stranger can be it.

${tableOf(lyingMembers)}
`;
}

function tableOf(rows: Readonly<Record<string, AttackerRow>>): string {
  const lines = Object.entries(rows).map(([kind, { what, threats }]) => {
    const defence = [...duels, eclipse].find(({ attacker }) => attacker === kind)?.defence ?? '';
    return `| \`${kind}\` | ${what} | ${threats.join(', ')} | ${defence} |`;
  });
  return ['| attacker | attack | threats | rule that is tested |', '|---|---|---|---|', ...lines].join('\n');
}
