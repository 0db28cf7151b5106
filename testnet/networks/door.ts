/**
 * A door out of a network namespace: takes connections on a socket in the file system and passes them on to a port of the loopback
 * address in here. `door.js SOCKET PORT`; says a word when it is open.
 */
import { connect, createServer } from 'node:net';

const [socket = '', port = '0'] = process.argv.slice(2);

createServer(outside => {
  const inside = connect(Number(port), '127.0.0.1');
  outside.on('error', () => inside.destroy()).pipe(inside);
  inside.on('error', () => outside.destroy()).pipe(outside);
}).listen(socket, () => process.stdout.write('open\n'));
