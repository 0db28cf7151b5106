/** What a peer may send through a connection, frame by frame. */
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../manual-clock.suite.ts';
import { guarded, streamWindowMax } from './guarded-muxer.ts';

const [syn, rst] = [1, 8];

function frame(type: number, flags: number, length: number): Uint8Array {
  const header = new Uint8Array(12);
  const view = new DataView(header.buffer);
  view.setUint8(1, type);
  view.setUint16(2, flags);
  view.setUint32(4, 1);
  view.setUint32(8, length);
  return header;
}

/** A muxer that reads the frame in its buffer, as often as it is asked. */
function bench() {
  const clock = new ManualClock(1_000);
  let failure: Error | null = null;
  const decoder: { buffer: Uint8Array; readFrame: () => unknown } = { buffer: new Uint8Array(), readFrame: () => ({}) };
  const muxer = {
    decoder,
    send: () => {
      if (failure !== null) throw failure;
      return true;
    },
  };
  // What a guard looks at is all that this muxer has.
  const factory = guarded(() => ({ protocol: '/m', createStreamMuxer: () => muxer }) as never, clock)(null);
  factory.createStreamMuxer({} as never);
  const read = (bytes: Uint8Array, times = 1) => {
    decoder.buffer = bytes;
    for (let left = times; left > 0; left--) decoder.readFrame();
  };
  const fail = (error: Error) => {
    failure = error;
  };
  return { clock, muxer, read, fail };
}

describe('a frame', () => {
  it('P6: that is longer than a window ends the connection before its content is collected', () => {
    const { read } = bench();
    read(frame(0, 0, streamWindowMax));
    expect(() => read(frame(0, 0, streamWindowMax + 1))).toThrow(`${streamWindowMax + 1} bytes`);
    expect(() => read(frame(0, 0, 0xffffffff))).toThrow();
  });

  it('that is not whole yet waits', () => {
    const { read } = bench();
    read(frame(0, 0, 0xffffffff).subarray(0, 11));
  });

  it.each([
    ['streams opened', frame(1, syn, 0), 1_000],
    ['streams reset', frame(1, rst, 0), 1_000],
    ['pings', frame(2, syn, 7), 40],
    ['frames of one byte', frame(0, 0, 1), 20_000],
    ['words of room', frame(1, 0, 1), 20_000],
  ])('P3, P9: of %s so many come at once, and more when time has passed', (_what, bytes, most) => {
    const { read, clock } = bench();
    read(bytes, most);
    expect(() => read(bytes)).toThrow('more small frames');
    clock.advance(1_000);
    read(bytes, most / 4);
    expect(() => read(bytes)).toThrow('more small frames');
  });

  it('with something in it is free', () => {
    bench().read(frame(0, 0, 64), 50_000);
  });
});

describe('what is sent', () => {
  it('on a connection that has just ended is dropped; any other failure is told', () => {
    const { muxer, fail } = bench();
    expect(muxer.send()).toBe(true);
    fail(Object.assign(new Error('closed'), { name: 'StreamStateError' }));
    expect(muxer.send()).toBe(false);
    fail(new Error('something else'));
    expect(() => muxer.send()).toThrow('something else');
  });
});
