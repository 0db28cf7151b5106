/**
 * The handshake on /kvchain/status/1, before which a peer is served nothing. The one who dialled speaks first:
 * dialler: status; listener: [0, status] or a refusal; dialler: [0, empty] or a refusal. Both then think the same.
 */
import { KvchainError, type Rejection } from '../../chain/errors.ts';
import type { Clock, NetworkHandlers, PeerId } from '../ports.ts';
import { endedEarly, type FramedStream } from './framed-stream.ts';
import { decodeAnswer, encodeAnswer } from './wire.ts';

/** A handshake that one side declined, with its code and sentence. */
export class Refused extends KvchainError {
  readonly by: 'us' | 'peer';

  constructor(by: 'us' | 'peer', { code, detail }: Rejection) {
    super(code, by === 'us' ? `refused: ${detail}` : `refused by the peer: ${detail}`);
    this.by = by;
  }
}

export interface Greeting {
  readonly peer: PeerId;
  readonly direction: 'inbound' | 'outbound';
  readonly stream: FramedStream;
  readonly handlers: NetworkHandlers;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/**
 * Resolves with the round-trip time in milliseconds when both sides accepted. Throws Refused with the refusal's code, ours or the
 * peer's; else a KvchainError: BAD_MESSAGE, TOO_LARGE, BAD_ENCODING when the peer does not keep to the protocol; PEER_TIMEOUT when it broke off.
 */
export async function greet(greeting: Greeting): Promise<number> {
  return greeting.direction === 'outbound' ? await greetFirst(greeting) : await answerGreeting(greeting);
}

async function greetFirst(greeting: Greeting): Promise<number> {
  const { stream, handlers, clock } = greeting;
  const startMs = clock.monotonic();
  await stream.write(handlers.localStatus());
  const status = await readAcceptance(greeting);
  const roundTripMs = clock.monotonic() - startMs;
  const refusal = handlers.onStatus(greeting.peer, status);
  if (refusal !== null) await refuse(stream, refusal);
  await stream.write(encodeAnswer({ type: 'data', data: new Uint8Array() }));
  await stream.end();
  return roundTripMs;
}

async function answerGreeting(greeting: Greeting): Promise<number> {
  const { stream, handlers, clock } = greeting;
  const status = await readFrame(greeting);
  const refusal = handlers.onStatus(greeting.peer, status);
  if (refusal !== null) await refuse(stream, refusal);
  const startMs = clock.monotonic();
  await stream.write(encodeAnswer({ type: 'data', data: handlers.localStatus() }));
  await readAcceptance(greeting);
  await stream.end();
  return clock.monotonic() - startMs;
}

/** Tells the peer why, then throws it. */
async function refuse(stream: FramedStream, refusal: Rejection): Promise<never> {
  await stream.write(encodeAnswer({ type: 'refusal', ...refusal }));
  await stream.end();
  throw new Refused('us', refusal);
}

async function readAcceptance(greeting: Greeting): Promise<Uint8Array> {
  const answer = decodeAnswer(await readFrame(greeting));
  if (!answer.ok) throw new KvchainError(answer.error.code, answer.error.detail);
  const { value } = answer;
  if (value.type === 'refusal') throw new Refused('peer', value);
  return value.data;
}

async function readFrame({ stream, timeoutMs }: Greeting): Promise<Uint8Array> {
  const frame = await stream.read(timeoutMs);
  if (frame === null) throw endedEarly('the peer ended the handshake');
  return frame;
}
