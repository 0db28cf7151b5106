/** The bar that a person watches during an import: how far, how fast, how long still. */
import type { Output } from '../output.ts';

export interface ProgressBar {
  update(bytes: number, rows: number): void;
  stop(): void;
}

const none: ProgressBar = { update: () => {}, stop: () => {} };

/** A bar over the bytes of the file when somebody watches, else nothing. `startedAt` are the bytes that were imported before. */
export async function startBar(
  output: Output,
  size: { readonly bytes: number; readonly startedAt: number },
): Promise<ProgressBar> {
  if (!output.isWatched) return none;
  const { SingleBar } = await import('cli-progress');
  const startMs = performance.now();
  const bar = new SingleBar({
    format: '{bar} {percentage} %  {rows} rows  {rate} rows/s  {left} left',
    stream: output.stderr,
    hideCursor: true,
    noTTYOutput: true,
    barsize: 30,
  });
  bar.start(size.bytes, size.startedAt, { rows: 0, rate: '-', left: '-' });
  return {
    update: (bytes, rows) => {
      const seconds = (performance.now() - startMs) / 1_000;
      const perByte = seconds / Math.max(1, bytes - size.startedAt);
      const rate = Math.round(rows / Math.max(seconds, 0.001));
      bar.update(bytes, { rows, rate, left: duration(perByte * (size.bytes - bytes)) });
    },
    stop: () => bar.stop(),
  };
}

/** Seconds as people say them: 42 s, 3 min 5 s, 2 h 10 min. */
function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}
