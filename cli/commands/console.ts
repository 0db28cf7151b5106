/** `kvchain console`: the console of a client or of a server in a classroom. */
import { type Call, examples, onCall, type Shell } from '../command.ts';
import { CommandError } from '../failure.ts';

interface ConsoleOptions {
  readonly client?: string;
  readonly server?: string;
  readonly config?: string;
  readonly script?: string;
}

export function addConsole(shell: Shell): void {
  const command = shell.program
    .command('console')
    .summary('speak to a classroom as one of its clients or servers')
    .description(
      'The console of a client or a server of a classroom, which `kvchain-testnet up --engine paxos --classroom` starts: lines are read from the terminal, a pipe or a script.',
    )
    .option('--client <name>', 'C1, C2 or C3')
    .option('--server <name>', 'P1 to P5')
    .option('--config <file>', 'of the classroom (default: ~/.kvchain-testnet/classroom.json)')
    .option('--script <file>', 'carry out these lines, and end; exit code 1 when one failed');
  examples(
    command,
    ['kvchain console --client C1', 'then: Operation(put, alice_netid, {"phone_number": "111-222-3333"})'],
    ['kvchain console --server P1', 'then: help'],
    ['echo printBlockchain | kvchain console --server P2', 'for a program'],
  );
  onCall<ConsoleOptions>(shell, command, openConsole);
}

async function openConsole({ options, session }: Call<ConsoleOptions>): Promise<void> {
  const { client, server, config, script = null } = options;
  if ((client === undefined) === (server === undefined)) {
    throw new CommandError('USAGE', 'a console is of one client or of one server', 'Give --client C1 or --server P1.');
  }
  const [{ defaultClassroomFile, readClassroom }, { runConsole }, { clientActor }, { serverActor }] = await Promise.all(
    [
      import('../../daemon/classroom/classroom-file.ts'),
      import('../classroom/console.ts'),
      import('../classroom/client-console.ts'),
      import('../classroom/server-console.ts'),
    ],
  );
  const classroom = readClassroom(config ?? defaultClassroomFile());
  const actor = client === undefined ? serverActor(classroom, server ?? '') : clientActor(classroom, client);
  const isGood = await runConsole(actor, session.streams, script);
  if (!isGood && script !== null) session.exitCode = 1;
}
