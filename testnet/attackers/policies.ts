/** Which attacker has which policy. */
import { censor } from './censor.ts';
import { eclipser } from './eclipser.ts';
import { equivocator } from './equivocator.ts';
import { falseCertifier } from './false-certifier.ts';
import { headerFlooder } from './header-flooder.ts';
import { historyRewriter } from './history-rewriter.ts';
import { invalidBlocks } from './invalid-blocks.ts';
import { invalidTransactions } from './invalid-transactions.ts';
import type { AttackerKind } from './kinds.ts';
import { leaper } from './leaper.ts';
import { liar } from './liar.ts';
import { lyingMember } from './lying-member.ts';
import { malformed } from './malformed.ts';
import { orphanFlooder } from './orphan-flooder.ts';
import type { AttackerParts, Policy } from './policy.ts';
import { privateFork } from './private-fork.ts';
import { replayer } from './replayer.ts';
import { selfishMiner } from './selfish-miner.ts';
import { silent } from './silent.ts';
import { slow } from './slow.ts';
import { spammer } from './spammer.ts';
import { timeWarper } from './time-warper.ts';
import { withholder } from './withholder.ts';

export const policies: Readonly<Record<AttackerKind, (parts: AttackerParts) => Policy>> = {
  'private-fork': privateFork,
  'selfish-miner': selfishMiner,
  withholder,
  'time-warper': timeWarper,
  equivocator,
  'invalid-blocks': invalidBlocks,
  'invalid-transactions': invalidTransactions,
  malformed,
  spammer,
  'orphan-flooder': orphanFlooder,
  'header-flooder': headerFlooder,
  replayer,
  silent,
  slow,
  leaper,
  liar,
  'false-certifier': falseCertifier,
  eclipser,
  'lying-member': lyingMember,
  censor,
  'history-rewriter': historyRewriter,
};
