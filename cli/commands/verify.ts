/** `kvchain verify`: checks a proof file offline. */
import { examples, onCall, type Shell } from '../command.ts';

interface VerifyOptions {
  readonly headerOnly?: true;
}

export function addVerify(shell: Shell): void {
  const command = shell.program
    .command('verify')
    .summary('check a proof file, offline')
    .description(
      'Checks a proof file against the headers that were followed into the data folder (by proof and get --verify). Exit code 0 only for "header on the followed chain" or "final"; otherwise 5.',
    )
    .argument('<file>', 'made by `kvchain proof`; - for the standard input')
    .option(
      '--header-only',
      'be content with "proves against this header": nobody says that the header is on any chain',
    );
  examples(
    command,
    ['kvchain verify hello.proof', 'against the headers of ~/.kvchain'],
    ['kvchain verify hello.proof --header-only --json', 'then compare the hash of the header yourself'],
  );
  onCall<VerifyOptions>(shell, command, async ({ args, options, session }) => {
    const { verifyFile } = await import('../proof-check.ts');
    await verifyFile(session, { file: args[0] ?? '', isHeaderEnough: options.headerOnly === true });
  });
}
