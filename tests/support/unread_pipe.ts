/** A pipe that is full and that nobody reads, until a test does. */

/** How much of it Linux takes before whoever writes has to wait. */
const PIPE_BYTES = 65_536;

/** A named pipe. */
export class UnreadPipe implements Disposable {
  /** Where it is. */
  readonly path: string;
  readonly #ends: Deno.FsFile;

  private constructor(path: string, ends: Deno.FsFile) {
    this.path = path;
    this.#ends = ends;
  }

  /** Makes one and fills it. */
  static async make(path: string): Promise<UnreadPipe> {
    const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
    if (!success) throw new Error("there is no mkfifo");
    // Both ends: so nobody waits for the other one.
    const ends = await Deno.open(path, { read: true, write: true });
    for (let left = PIPE_BYTES; left > 0;) left -= await ends.write(new Uint8Array(left));
    return new UnreadPipe(path, ends);
  }

  /** What starts a program that writes its output, 1, or its messages, 2, to the pipe. */
  starter(descriptor: 1 | 2): string[] {
    return ["/bin/sh", "-c", `exec "$0" "$@" ${descriptor}>${this.path}`];
  }

  /** Reads until a text came, behind what it was filled with. */
  async readUntil(text: string): Promise<string> {
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(PIPE_BYTES);
    let read = "";
    while (!read.includes(text)) {
      const length = await this.#ends.read(buffer) ?? 0;
      read += decoder.decode(buffer.subarray(0, length), { stream: true }).replaceAll("\0", "");
    }
    return read;
  }

  [Symbol.dispose](): void {
    this.#ends.close();
  }
}
