/** `kvchain wallet`: the money of accounts. */
import { chooseKey } from '../account.ts';
import { amountArgument, examples, onCall, type Shell, type SigningOptions, withSigning } from '../command.ts';
import { fields } from '../output.ts';
import { carryOutWrite } from '../write.ts';

export function addWallet(shell: Shell): void {
  const wallet = shell.program
    .command('wallet')
    .summary('show and move money')
    .description('Shows and moves the money of accounts.');
  addBalance({ ...shell, program: wallet });
  addTransfer({ ...shell, program: wallet });
}

function addBalance(shell: Shell): void {
  const command = shell.program
    .command('balance')
    .description('Shows what an account has, and its next nonce.')
    .argument('[address]', 'default: that of the key that signs')
    .option('--account <name>', 'key whose account is shown (default: the only key, or main)');
  examples(
    command,
    ['kvchain wallet balance', 'of your own account'],
    ['kvchain wallet balance ADDRESS', 'of another'],
  );
  onCall<{ readonly account?: string }>(shell, command, async ({ args, options, session }) => {
    const address = args[0] ?? (await chooseKey(session, options.account)).address;
    const client = await session.client();
    const found = await client.call('wallet_get', { address });
    const { balance, nonce, pendingNonce } = found;
    session.output.answer(
      found,
      fields([
        ['address', found.address],
        ['balance', balance],
        ['nonce', pendingNonce === nonce ? nonce : `${nonce} (${pendingNonce} with what waits)`],
      ]),
    );
  });
}

function addTransfer(shell: Shell): void {
  const command = shell.program
    .command('transfer')
    .description('Moves money to an account and waits until it is included.')
    .argument('<to>', 'address')
    .argument('<amount>', 'a whole number above 0', amountArgument);
  withSigning(command);
  examples(command, ['kvchain wallet transfer ADDRESS 1000', 'from the account of the key that signs']);
  onCall<SigningOptions>(shell, command, async ({ args, options, session }) => {
    const [to = '', amount = ''] = args;
    await carryOutWrite(session, options, (client, write) => client.transfer(to, BigInt(amount), write));
  });
}
