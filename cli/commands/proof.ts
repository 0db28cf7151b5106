/** `kvchain proof`: a file that shows what a key holds, or that it holds nothing, to whoever follows the chain's headers. */
import { examples, onCall, type Shell, textArgument, wholeArgument } from '../command.ts';
import { writeOutput } from '../user-files.ts';

interface ProofOptions {
  readonly at?: number;
  readonly out?: string;
}

export function addProof(shell: Shell): void {
  const command = shell.program
    .command('proof')
    .summary('make a proof file of what a key holds')
    .description('Follows the headers, asks for a proof of what a key holds, or that it holds nothing, and checks it.')
    .argument('<key>', 'UTF-8, 1 to 256 bytes', textArgument)
    .option('--at <height>', 'of the block, at most 128 below the head', wholeArgument(0, Number.MAX_SAFE_INTEGER))
    .option('--out <file>', 'write it into a file');
  examples(
    command,
    ['kvchain proof hello --out hello.proof', 'for somebody else, who checks it with `kvchain verify`'],
    ['kvchain proof no-such-key', 'absence is proved too'],
  );
  onCall<ProofOptions>(shell, command, async ({ args, options, session }) => {
    const { fetchProof } = await import('../verified-read.ts');
    const { file, checked } = await fetchProof(session, { key: args[0] ?? '', at: options.at });
    const text = JSON.stringify(file, null, 2);
    const said = `${checked.verdict}: height ${checked.header.height}, ${checked.confirmations} confirmations`;
    if (options.out === undefined) {
      session.output.answer(file, text);
      session.output.note(said);
      return;
    }
    await writeOutput(options.out, `${text}\n`);
    const { verdict, confirmations } = checked;
    session.output.answer(
      { file: options.out, verdict, height: checked.header.height, confirmations },
      `${options.out}: ${said}`,
    );
  });
}
