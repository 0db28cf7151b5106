/** Vectors of the genesis. */
import { toHex } from '../../chain/bytes.ts';
import { encodeGenesis } from '../../chain/genesis.ts';
import { genesisChanges } from '../../chain/genesis-block.ts';
import { formatGenesis } from '../../chain/genesis-file.ts';
import { showSealed } from './blocks.ts';
import { block0, bob, exampleChainId, exampleGenesis } from './example-chain.ts';
import { type Json, showFields } from './show.ts';

/** A genesis file with its bytes, chainId and block 0, and files that are refused. */
export function genesisVectors(): Json {
  const text = formatGenesis(exampleGenesis);
  return {
    good: [
      {
        file: JSON.parse(text) as Json,
        hex: toHex(encodeGenesis(exampleGenesis)),
        chainId: toHex(exampleChainId),
        state: genesisChanges(exampleGenesis).map(({ stateKey, after }) => showFields({ stateKey, after })),
        block0: showSealed(block0),
      },
    ],
    refused: refusedGenesisFiles(text),
  };
}

/** What is wrong with a file, and the path of the key that its refusal names. */
type Case = readonly [file: string, path: string];

function refusedGenesisFiles(text: string): Json {
  const cases = [...wrongFiles(text), ...wrongParams(text)];
  const newer = changedFile(text, file => Object.assign(file, { version: 2, colour: 'red' }));
  return [
    ...cases.map(([file, path]) => ({ file, path, code: 'BAD_GENESIS' })),
    { file: newer, path: 'kvchain-genesis version 2', code: 'BAD_VERSION' },
  ];
}

function wrongFiles(text: string): readonly Case[] {
  const top = (replaced: object) => changedFile(text, file => Object.assign(file, replaced));
  const allocation = exampleAllocation(text);
  const member = { name: 'b', publicKey: toHex(bob.publicKey) };
  return [
    ['', 'the file'],
    ['null', 'the file'],
    [top({ format: 'kvchain-config' }), 'format'],
    [top({ colour: 'red' }), 'colour'],
    [top({ name: '' }), 'name'],
    [top({ name: 'x'.repeat(65) }), 'name'],
    [top({ engine: 'raft' }), 'engine'],
    [top({ time: '1700000000000' }), 'time'],
    [top({ time: -1 }), 'time'],
    [top({ time: 1.5 }), 'time'],
    [text.replace('1700000000000', '9007199254740993'), 'time'],
    [text.replace('1700000000000', '1e400'), 'time'],
    [top({ schedule: [] }), 'schedule'],
    [changedFile(text, file => Object.assign(file.schedule[0], { height: 1 })), 'schedule[0].height'],
    [changedFile(text, file => file.schedule.push({ height: 0, params: {} })), 'schedule[1].height'],
    [
      changedFile(text, file => file.schedule.push({ height: 9, params: { addressPrefix: 'x' } })),
      'schedule[1].params.addressPrefix',
    ],
    [top({ members: [member] }), 'members'],
    [top({ engine: 'bft' }), 'schedule[0].params.subsidy'],
    [top({ engine: 'pow-paxos' }), 'members'],
    [
      top({ engine: 'pow-paxos', members: [{ ...member, publicKey: `02${'00'.repeat(31)}05` }] }),
      'members[0].publicKey',
    ],
    [top({ engine: 'pow-paxos', members: [member, { ...member, name: 'c' }] }), 'members[1]'],
    [top({ minters: ['kv1w508d6qejxtdg4y5r3zarvary0c5xw7k3h9ezu'] }), 'minters[0]'],
    [top({ allocations: [allocation, allocation] }), 'allocations[1]'],
    [top({ allocations: [{ ...allocation, balance: '0' }] }), 'allocations[0].balance'],
    [top({ allocations: [{ ...allocation, balance: '2100000000000001' }] }), 'allocations'],
    [top({ allocations: [{ ...allocation, locked: true }] }), 'allocations[0].locked'],
  ];
}

function wrongParams(text: string): readonly Case[] {
  const params = (replaced: object) => changedFile(text, file => Object.assign(file.schedule[0].params, replaced));
  return [
    [params({ keyOwnership: 'none' }), 'schedule[0].params.keyOwnership'],
    [params({ targetms: 1000 }), 'schedule[0].params.targetms'],
    [params({ targetMs: 249 }), 'schedule[0].params.targetMs'],
    [params({ targetMs: 600_001 }), 'schedule[0].params.targetMs'],
    [params({ tauMs: 9_999 }), 'schedule[0].params.tauMs'],
    [params({ bits: '00000000' }), 'schedule[0].params.bits'],
    [params({ bits: 536_936_447 }), 'schedule[0].params.bits'],
    [params({ maxTargetBits: '1f00ffff' }), 'schedule[0].params.bits'],
    [params({ maxTargetBits: '1d800000' }), 'schedule[0].params.maxTargetBits'],
    [params({ maxDriftMs: 999 }), 'schedule[0].params.maxDriftMs'],
    [params({ subsidy: 5 }), 'schedule[0].params.subsidy'],
    [params({ subsidy: '0x5' }), 'schedule[0].params.subsidy'],
    [params({ subsidy: '-0' }), 'schedule[0].params.subsidy'],
    [params({ subsidy: '1 ' }), 'schedule[0].params.subsidy'],
    [params({ subsidy: '0.1' }), 'schedule[0].params.subsidy'],
    [params({ subsidy: 'NaN' }), 'schedule[0].params.subsidy'],
    [params({ subsidy: '2100000000000001' }), 'schedule[0].params.subsidy'],
    [params({ supplyMax: '18446744073709551616' }), 'schedule[0].params.supplyMax'],
    [params({ blockBytesMax: 262_916 }), 'schedule[0].params.blockBytesMax'],
    [params({ transactionBytesMax: 262_145 }), 'schedule[0].params.transactionBytesMax'],
    [params({ blockOperationsMax: 999 }), 'schedule[0].params.blockOperationsMax'],
    [params({ safeConfirmations: 10_001 }), 'schedule[0].params.safeConfirmations'],
    [params({ undoBlocksMax: 0 }), 'schedule[0].params.undoBlocksMax'],
    [params({ testNetwork: 1 }), 'schedule[0].params.testNetwork'],
    [params({ engineParams: '80' }), 'schedule[0].params.engineParams'],
  ];
}

/** A genesis file while it is changed. */
interface LooseFile {
  readonly schedule: [{ params: object }, ...object[]];
  readonly allocations: readonly object[];
}

function changedFile(text: string, change: (file: LooseFile) => void): string {
  const file = JSON.parse(text) as LooseFile;
  change(file);
  return JSON.stringify(file);
}

function exampleAllocation(text: string): object {
  return (JSON.parse(text) as LooseFile).allocations[0] ?? {};
}
