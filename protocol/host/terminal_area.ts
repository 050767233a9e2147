/**
 * Lines at the end of a terminal that are drawn again and again, below whatever else is written to it.
 *
 * @module
 */

/** What an area is drawn on. */
export interface TerminalScreen {
  /** Writes text as it is; never rejects. */
  write(text: string): Promise<void>;
  /** Returns how many columns and rows there are now. */
  size(): { readonly columns: number; readonly rows: number };
}

const ESCAPE = "\x1b";

/**
 * Keeps some lines at the end of a terminal.
 *
 * All that is written to the same terminal goes through {@linkcode TerminalArea.writeAbove}: the area
 * is taken away before and drawn again below it, so that neither tears the other.
 */
export class TerminalArea {
  readonly #screen: TerminalScreen;
  #wanted: readonly string[] = [];
  #drawn: readonly string[] = [];
  /** Whether what was written last has not ended its line, as a prompt has not. */
  #isInLine = false;
  #isDrawing = false;
  #last: Promise<void> = Promise.resolve();

  /** Draws nothing yet. */
  constructor(screen: TerminalScreen) {
    this.#screen = screen;
  }

  /** How wide a line may be, in columns: one less than there are, so that none is ever broken. */
  get width(): number {
    return Math.max(1, this.#screen.size().columns - 1);
  }

  /** How many lines may be shown: one less than there are. */
  get height(): number {
    return Math.max(1, this.#screen.size().rows - 1);
  }

  /**
   * Shows these lines in the place of those before; none takes the area away. Each is printable text
   * that is not wider than {@linkcode TerminalArea.width}.
   */
  show(lines: readonly string[]): void {
    this.#wanted = lines;
    // A terminal that is slow is drawn on less often.
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    void this.#queue(async () => {
      this.#isDrawing = false;
      if (this.#isInLine) return;
      await this.#screen.write(this.#erase() + this.#draw());
    });
  }

  /** Takes the area away; the terminal is as if there had been none when this resolves. */
  async hide(): Promise<void> {
    this.#wanted = [];
    await this.#queue(async () => {
      const text = this.#erase();
      if (text !== "") await this.#screen.write(text);
    });
  }

  /** Writes text above the area. */
  async writeAbove(text: string, write: () => Promise<void>): Promise<void> {
    await this.#queue(async () => {
      const erased = this.#erase();
      if (erased !== "") await this.#screen.write(erased);
      await write();
      if (text !== "") this.#isInLine = !text.endsWith("\n");
      if (this.#wanted.length > 0 && !this.#isInLine) await this.#screen.write(this.#draw());
    });
  }

  /** Says that the line which a prompt began has ended: a person has typed its end. */
  endLine(): void {
    this.#isInLine = false;
  }

  #queue(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(work);
    return this.#last;
  }

  #draw(): string {
    const { width, height } = this;
    // It may have become smaller since these lines were made.
    this.#drawn = this.#wanted.slice(0, height).map((line) => [...line].slice(0, width).join(""));
    return this.#drawn.map((line) => `${line}\n`).join("");
  }

  /** Returns what takes away the lines that are there, by the rows that they have now. */
  #erase(): string {
    if (this.#drawn.length === 0) return "";
    const { columns, rows } = this.#screen.size();
    // A terminal that became narrower has broken what was drawn before.
    const used = this.#drawn.reduce((sum, line) => {
      return sum + Math.max(1, Math.ceil([...line].length / Math.max(1, columns)));
    }, 0);
    this.#drawn = [];
    return `${ESCAPE}[${Math.min(used, Math.max(1, rows - 1))}A\r${ESCAPE}[J`;
  }
}
