/**
 * Which rules are in force. All of them, always: a node has no way to leave one out. Only under `node --conditions=mutant` the import
 * `#rules` is another file (testnet/mutants/rules-mutant.ts), which breaks the one rule that its environment names, so that the
 * simulator can prove that it would see a node without it. A rule is named by its id in docs/consensus, or by its part and what it does.
 */
export { isEnforced, withAllRules } from '#rules';
