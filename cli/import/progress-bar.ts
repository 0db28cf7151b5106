/** What a person sees of an import that runs: how far, how fast, how long still. A bar on a terminal, a line now and then in a log. */
import type { Output } from '../output.ts';

export interface ProgressBar {
  update(bytes: number, rows: number): void;
  stop(): void;
}

interface FileSize {
  readonly bytes: number;
  /** Bytes that were imported before. */
  readonly startedAt: number;
}

/** Between two lines of a log. */
const lineMs = 10_000;

/** Progress over the bytes of the file, for people; `now` gives milliseconds. */
export async function startBar(
  output: Output,
  size: FileSize,
  now: () => number = () => performance.now(),
): Promise<ProgressBar> {
  const estimate = estimator(size, now);
  if (!output.isWatched) return lines(output, size, { estimate, now });
  const { SingleBar } = await import('cli-progress');
  const bar = new SingleBar({
    format: '{bar} {percentage} %  {rows} rows  {rate} rows/s  {left} left',
    stream: output.stderr,
    hideCursor: true,
    noTTYOutput: true,
    barsize: 30,
  });
  bar.start(size.bytes, size.startedAt, { rows: 0, rate: '-', left: '-' });
  return {
    update: (bytes, rows) => bar.update(bytes, { rows, ...estimate(bytes, rows) }),
    stop: () => bar.stop(),
  };
}

interface Estimate {
  /** Rows a second. */
  readonly rate: number;
  readonly left: string;
}

type Estimator = (bytes: number, rows: number) => Estimate;

function estimator(size: FileSize, now: () => number): Estimator {
  const startMs = now();
  return (bytes, rows) => {
    const seconds = (now() - startMs) / 1_000;
    const perByte = seconds / Math.max(1, bytes - size.startedAt);
    const rate = Math.round(rows / Math.max(seconds, 0.001));
    return { rate, left: duration(perByte * (size.bytes - bytes)) };
  };
}

function lines(
  output: Output,
  size: FileSize,
  { estimate, now }: { readonly estimate: Estimator; readonly now: () => number },
): ProgressBar {
  let saidMs = now();
  return {
    update: (bytes, rows) => {
      if (now() - saidMs < lineMs) return;
      saidMs = now();
      const { rate, left } = estimate(bytes, rows);
      const percentage = Math.floor((100 * bytes) / Math.max(1, size.bytes));
      output.note(`${percentage} %  ${rows} rows  ${rate} rows/s  ${left} left`);
    },
    stop: () => {},
  };
}

/** Seconds as people say them: 42 s, 3 min 5 s, 2 h 10 min. */
function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}
