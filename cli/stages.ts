/** The bar that a person watches while a tool works on the database: at what it is, and how far. */
import type { Output } from './output.ts';

/** How far a work of several stages is, each of which knows its end or not. */
export interface Stages {
  update(at: { readonly stage: string; readonly done: number; readonly of: number | null }): void;
  stop(): void;
}

/** A bar for the stage at hand when somebody watches, else nothing. */
export async function startStages(output: Output): Promise<Stages> {
  if (!output.isWatched) return { update: () => {}, stop: () => {} };
  const { SingleBar } = await import('cli-progress');
  const format = '{bar} {stage} {value} of {end}';
  const bar = new SingleBar({ format, stream: output.stderr, hideCursor: true, noTTYOutput: true, barsize: 30 });
  bar.start(1, 0, { stage: '', end: '-' });
  return {
    update: ({ stage, done, of }) => {
      bar.setTotal(Math.max(1, of ?? done));
      bar.update(done, { stage, end: of ?? '?' });
    },
    stop: () => bar.stop(),
  };
}
