/** A text that is drawn again and again in its place on a terminal. */
import { clearScreenDown, moveCursor } from 'node:readline';
import type { WriteStream } from 'node:tty';

/** Lines beside one for each member: the head, the summary and where the cursor stands. */
const otherLines = 5;

export class Screen {
  readonly #terminal: WriteStream;
  #drawn = 0;

  constructor(terminal: WriteStream) {
    this.#terminal = terminal;
  }

  /** Whether so many members have room; a longer text would leave its upper part behind each time. */
  fits(members: number): boolean {
    return members + otherLines <= this.#terminal.rows;
  }

  draw(text: string): void {
    moveCursor(this.#terminal, 0, -this.#drawn);
    clearScreenDown(this.#terminal);
    this.#terminal.write(text);
    this.#drawn = text.split('\n').length - 1;
  }
}
