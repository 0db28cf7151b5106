/**
 * The allow-list of what the pure core takes from its platform: no types of Node.js or of a browser are visible here, so whatever
 * is not declared in this file does not compile in chain/ and consensus/.
 */
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label: 'utf-8', options: { fatal: true; ignoreBOM: true });
  decode(bytes: Uint8Array): string;
}
declare module 'node:crypto' {
  export function hash(algorithm: 'sha256', data: Uint8Array, encoding: 'latin1'): string;
}
declare module 'node:module' {
  export function createRequire(url: string): {
    <T>(name: string): T;
    readonly cache: Readonly<Record<string, unknown>>;
  };
}
interface ImportMeta {
  readonly url: string;
}
