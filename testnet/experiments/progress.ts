/** What a person sees of an experiment that runs: a bar with the time left on a terminal, a line a cell in a log. */
import type { Row } from './experiment.ts';
import type { Watcher } from './run-grid.ts';

/** Text for people: standard error, in a program. */
export interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Tells on `screen` what happens to `name`, and passes it on to `next`. `now` gives milliseconds. */
export async function watchOn(
  screen: Screen,
  name: string,
  next: (rows: readonly Row[]) => Promise<void>,
  now: () => number = () => performance.now(),
): Promise<Watcher & { stop(): void }> {
  const startedMs = now();
  const bar = screen.isTTY === true ? await newBar(name) : null;
  let all = 0;
  let before = 0;
  return {
    start: (cells, finished) => {
      all = cells;
      before = finished;
      bar?.start(cells, finished, { left: '-' });
      if (bar === null && finished > 0) screen.write(`${name}: ${finished} of ${cells} cells are there already\n`);
    },
    finish: async rows => {
      const done = rows.length;
      const left = duration(((now() - startedMs) / 1_000 / (done - before)) * (all - done));
      bar?.update(done, { left });
      if (bar === null) screen.write(`${name}: ${done} of ${all} cells, ${left} left\n`);
      await next(rows);
    },
    stop: () => bar?.stop(),
  };
}

async function newBar(name: string) {
  const { SingleBar } = await import('cli-progress');
  const format = `${name} {bar} {value} of {total} cells  {left} left`;
  return new SingleBar({ format, stream: process.stderr, barsize: 30 });
}

/** Seconds as people say them: 42 s, 3 min 5 s, 2 h 10 min. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3_600)} h ${Math.floor((whole % 3_600) / 60)} min`;
}
