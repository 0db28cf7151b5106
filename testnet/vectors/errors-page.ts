/** Writes docs/protocol/errors.md from the table of errors. */
import { errorCodes, errorRow, rpcNumber } from '../../chain/errors.ts';

const head = `# Errors

Written by \`node dist/testnet/vectors.js\` from chain/errors.ts; the same as data: [vectors/errors.json](vectors/errors.json). The table only
grows: a number, once given, keeps its meaning. Receipts hold the number; JSON-RPC has one of its own (-33000 minus the number, but for the
five that JSON-RPC 2.0 defines), REST the HTTP status, the command line the exit code. \`Peer\` is what a peer loses of its 100 points when it
sent what it could have checked itself; at 0 points it is banned.

| Number | Code | Peer | JSON-RPC | HTTP | Exit | Meaning | What to do |
|---|---|---|---|---|---|---|---|
`;

export function errorsPage(): string {
  const rows = errorCodes().map(code => {
    const { number, http, exit, penalty, meaning, action } = errorRow(code);
    const cells = [number, `\`${code}\``, penalty, rpcNumber(code), http, exit, meaning, action];
    return `| ${cells.map(cell => String(cell).replaceAll('|', '\\|')).join(' | ')} |\n`;
  });
  return head + rows.join('');
}
