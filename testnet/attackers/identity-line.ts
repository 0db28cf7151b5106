/** The line in which an attacker's process tells who it is on the network. */
import { z } from '../../daemon/zod.ts';

const identitySchema = z.object({ peerId: z.string(), address: z.string() });

export type AttackerIdentity = Readonly<z.output<typeof identitySchema>>;

export function identityLine({ peerId, address }: AttackerIdentity): string {
  return `${JSON.stringify({ peerId, address })}\n`;
}

/** Null while the line is not complete. */
export function readIdentityLine(text: string): AttackerIdentity | null {
  const [line] = text.split('\n', 1);
  if (line === undefined || !text.includes('\n')) return null;
  return identitySchema.parse(JSON.parse(line));
}
