/** Starts and ends bare-server.ts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('./bare-server.js', import.meta.url));

export class BareServer {
  readonly url: string;
  readonly memoryMb: number;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, { port, memoryMb }: { readonly port: number; readonly memoryMb: number }) {
    this.url = `http://127.0.0.1:${port}`;
    this.memoryMb = memoryMb;
    this.#child = child;
  }

  static async start(): Promise<BareServer> {
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line]: Buffer[] = await once(child.stdout, 'data');
    return new BareServer(child, JSON.parse(String(line)));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async stop(): Promise<void> {
    this.#child.kill();
    await once(this.#child, 'exit');
  }
}
