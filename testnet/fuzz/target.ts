/** What the fuzzer feeds: one decoder of bytes from outside, with what it promises. */

/** How a target's input is built, which says what mutations make sense. */
export type Shape = 'cbor' | 'json' | 'text' | 'bytes';

/** What a decoder made of its input. */
export type Outcome =
  /** `encoded`: the same value written again; null where nothing writes it. */
  | { readonly kind: 'accepted'; readonly encoded: Uint8Array | null }
  /** A documented refusal; `reason` tells refusals apart. */
  | { readonly kind: 'refused'; readonly reason: string };

export interface Target {
  /** Kebab-case, unique. */
  readonly name: string;
  readonly shape: Shape;
  /** `exact`: what is accepted is encoded to the same bytes. `settled`: what is encoded again decodes to what encodes so again. */
  readonly encoding: 'exact' | 'settled';
  /** Inputs to begin with, good and bad. */
  readonly seeds: readonly Uint8Array[];
  /** Cases in `npm test`, less where one takes long. */
  readonly testCases: number;
  /** Throws only what is a bug. */
  run(bytes: Uint8Array): Outcome | Promise<Outcome>;
  close?(): Promise<void>;
}

export function accepted(encoded: Uint8Array | null): Outcome {
  return { kind: 'accepted', encoded };
}

export function refused(reason: string): Outcome {
  return { kind: 'refused', reason };
}
