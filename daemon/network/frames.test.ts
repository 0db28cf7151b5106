import { describe, expect, it } from 'vitest';
import { concat } from '../../chain/bytes.ts';
import { KvchainError } from '../../chain/errors.ts';
import { Frames } from './frames.ts';

const limit = 300;

/** A frame of so many bytes with its length before it. */
function framed(length: number): Uint8Array {
  return concat(lengthOf(length), frameOf(length));
}

function lengthOf(length: number): Uint8Array {
  return length < 0x80 ? bytes(length) : concat(bytes((length & 0x7f) | 0x80), lengthOf(length >> 7));
}

function frameOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index & 0xff);
}

/** What is taken, chunk by chunk: the frames that are whole, or the code of the refusal that ends it. */
function taken(chunks: readonly Uint8Array[], frameBytesMax = limit): readonly (readonly Uint8Array[] | string)[] {
  const frames = new Frames(frameBytesMax);
  const perChunk: (readonly Uint8Array[] | string)[] = [];
  for (const chunk of chunks) {
    frames.put(chunk);
    try {
      perChunk.push(allOf(frames));
    } catch (error) {
      return [...perChunk, error instanceof KvchainError ? error.code : String(error)];
    }
  }
  return perChunk;
}

function allOf(frames: Frames): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let frame = frames.take(); frame !== null; frame = frames.take()) found.push(frame);
  return found;
}

function bytes(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

describe('a frame', () => {
  it.each([0, 1, 127, 128, limit - 1, limit])('of %d bytes is taken', length => {
    expect(taken([framed(length)])).toEqual([[frameOf(length)]]);
  });

  it.each([limit + 1, 0x3fff])('of %d bytes is refused by its length alone', length => {
    expect(taken([framed(length).subarray(0, 2)])).toEqual(['TOO_LARGE']);
  });

  it.each([
    ['0 in two bytes', [0x80, 0x00], 'BAD_MESSAGE'],
    ['1 in two bytes', [0x81, 0x00], 'BAD_MESSAGE'],
    ['127 in two bytes', [0xff, 0x00], 'BAD_MESSAGE'],
    ['128 in three bytes', [0x80, 0x81, 0x00], 'BAD_MESSAGE'],
    ['1 in four bytes', [0x81, 0x80, 0x80, 0x00], 'BAD_MESSAGE'],
    ['2^28 - 1, the longest in four bytes', [0xff, 0xff, 0xff, 0x7f], 'TOO_LARGE'],
    ['2^28 in five bytes', [0x80, 0x80, 0x80, 0x80, 0x01], 'TOO_LARGE'],
    ['four bytes that all say more is to come', [0x80, 0x80, 0x80, 0x80], 'TOO_LARGE'],
    ['ten bytes that all say more is to come', Array(10).fill(0xff), 'TOO_LARGE'],
  ])('whose length is %s is refused', (_, length, code) => {
    expect(taken([bytes(...length)])).toEqual([code]);
    // Byte by byte too, and as soon as it can be told.
    const perByte = taken(length.map(byte => bytes(byte)));
    expect(perByte.at(-1)).toBe(code);
    expect(perByte.slice(0, -1).flat()).toEqual([]);
  });

  it.each([1, 2, 3])('waits for the rest of a length that was cut after %d bytes', cut => {
    const large = 2 ** 21;
    const length = lengthOf(large);
    expect(taken([length.subarray(0, cut)], large)).toEqual([[]]);
    const found = taken([length.subarray(0, cut), length.subarray(cut), new Uint8Array(large)], large);
    expect(found.flat().map(frame => frame.length)).toEqual([large]);
  });

  it.each([
    [130, [1, 2, 3, 131]],
    [5, [1, 2, 5]],
  ])('of %d bytes waits for its rest wherever it is cut', (length, cuts) => {
    const whole = framed(length);
    for (const cut of cuts) {
      expect(taken([whole.subarray(0, cut), whole.subarray(cut)])).toEqual([[], [frameOf(length)]]);
    }
  });

  it('stands there whole when its bytes come one by one', () => {
    const found = taken([...framed(200)].map(byte => bytes(byte)));
    expect(found.slice(0, -1).flat()).toEqual([]);
    expect(found.at(-1)).toEqual([frameOf(200)]);
  });
});

describe('a chunk', () => {
  it('gives all frames in it, in order, empty ones too', () => {
    const lengths = [3, 0, 200, 0, 0, 1];
    expect(taken([concat(...lengths.map(framed))])).toEqual([lengths.map(frameOf)]);
  });

  it('gives what is whole, and keeps the beginning of the next frame for the chunk after', () => {
    const all = concat(framed(3), framed(200), framed(4));
    expect(taken([all.subarray(0, 5), all.subarray(5)])).toEqual([[frameOf(3)], [frameOf(200), frameOf(4)]]);
  });

  it('without bytes changes nothing', () => {
    expect(taken([bytes(), framed(2), bytes()])).toEqual([[], [frameOf(2)], []]);
  });

  it('gives the good frames before the one that is refused', () => {
    const frames = new Frames(limit);
    frames.put(concat(framed(3), bytes(0x80, 0x00)));
    expect(frames.take()).toEqual(frameOf(3));
    expect(() => frames.take()).toThrow(expect.objectContaining({ code: 'BAD_MESSAGE' }));
  });
});

it('counts what came and was not taken, and says whether more is needed', () => {
  const frames = new Frames(limit);
  const seen = () => [frames.bytes, frames.needsMore];
  expect(seen()).toEqual([0, true]);
  frames.put(framed(5).subarray(0, 3));
  expect(seen()).toEqual([3, false]);
  expect(frames.take()).toBeNull();
  expect(seen()).toEqual([3, true]);
  frames.put(concat(framed(5).subarray(3), bytes(0x01)));
  expect(seen()).toEqual([7, false]);
  frames.take();
  expect(seen()).toEqual([1, false]);
});

it.each([2, 70_000])('a frame of %d bytes is plain bytes, not the Buffer of a socket', length => {
  const frames = new Frames(70_000);
  frames.put(Buffer.from(concat(lengthOf(length), frameOf(length))));
  const frame = frames.take();
  expect(frame?.constructor).toBe(Uint8Array);
  expect(frame?.length).toBe(length);
});

it('a small frame does not keep the chunk that it came in', () => {
  const frames = new Frames(limit);
  frames.put(concat(framed(2), framed(200)));
  expect(frames.take()?.buffer.byteLength).toBe(2);
});
