/** All commands, in the order of the help. */
import type { Shell } from './command.ts';
import { addBlock } from './commands/block.ts';
import { addChain } from './commands/chain.ts';
import { addCompletion } from './commands/completion.ts';
import { addConsole } from './commands/console.ts';
import { addDb } from './commands/db.ts';
import { addDelete } from './commands/delete.ts';
import { addGet } from './commands/get.ts';
import { addHelp } from './commands/help.ts';
import { addHistory } from './commands/history.ts';
import { addImport } from './commands/import.ts';
import { addInit } from './commands/init.ts';
import { addKey } from './commands/key.ts';
import { addMempool } from './commands/mempool.ts';
import { addMine } from './commands/mine.ts';
import { addPeer } from './commands/peer.ts';
import { addProof } from './commands/proof.ts';
import { addPut } from './commands/put.ts';
import { addRpc } from './commands/rpc.ts';
import { addScan } from './commands/scan.ts';
import { addStart } from './commands/start.ts';
import { addStatus } from './commands/status.ts';
import { addStop } from './commands/stop.ts';
import { addVerify } from './commands/verify.ts';
import { addWallet } from './commands/wallet.ts';
import { addWatch } from './commands/watch.ts';

const commands: readonly ((shell: Shell) => void)[] = [
  ...[addInit, addStart, addStop, addStatus],
  ...[addPut, addGet, addDelete, addHistory, addScan, addWatch, addImport],
  ...[addProof, addVerify, addKey, addWallet],
  ...[addBlock, addChain, addMempool, addPeer, addMine],
  ...[addConsole, addDb, addRpc, addCompletion, addHelp],
];

export function registerCommands(shell: Shell): void {
  for (const add of commands) add(shell);
}
