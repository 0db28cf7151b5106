/**
 * The reference of the HTTP benchmarks, in a process of its own: node:http that reads a request, parses its JSON and gives back a JSON
 * answer of the size that is asked for in `x-answer-bytes`. It prints its port and its resident memory once it listens.
 */
import { createServer } from 'node:http';

const answers = new Map<number, string>();

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    if (chunks.length > 0) JSON.parse(Buffer.concat(chunks).toString('utf8'));
    const answer = answerOf(Number(request.headers['x-answer-bytes'] ?? 64));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length });
    response.end(answer);
  });
});

server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : null;
  process.stdout.write(`${JSON.stringify({ port, memoryMb: process.memoryUsage().rss / 1e6 })}\n`);
});

function answerOf(bytes: number): string {
  const known = answers.get(bytes);
  if (known !== undefined) return known;
  const answer = JSON.stringify({ result: 'x'.repeat(Math.max(0, bytes - 13)) });
  answers.set(bytes, answer);
  return answer;
}
