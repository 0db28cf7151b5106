/** What crossed the loopback device of this machine: all that daemons on it tell each other, and whoever else talks there. Linux only. */
import { readFileSync } from 'node:fs';

export interface Traffic {
  readonly bytes: number;
  readonly packets: number;
}

/** Since the machine was started, with the headers of TCP and IP. */
export function loopbackTraffic(): Traffic {
  const line = readFileSync('/proc/net/dev', 'utf8')
    .split('\n')
    .find(each => each.trim().startsWith('lo:'));
  const [bytes = 0, packets = 0] = line?.split(':')[1]?.trim().split(/\s+/).map(Number) ?? [];
  return { bytes, packets };
}

export function trafficSince(before: Traffic): Traffic {
  const now = loopbackTraffic();
  return { bytes: now.bytes - before.bytes, packets: now.packets - before.packets };
}
