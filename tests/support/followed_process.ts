/** A process whose output is read as it comes. */

/** How a process ended and what it said. */
export interface ProcessEnd {
  /** The exit status; 128 and more where a signal ended it. */
  readonly code: number;
  /** The signal that ended it, or `null`. */
  readonly signal: string | null;
  /** Everything that it wrote to standard output. */
  readonly stdout: string;
  /** Everything that it wrote to standard error. */
  readonly stderr: string;
}

/** What to start. */
export interface ProcessStart {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** The folder that it runs in and its variables. @default those of this process */
  readonly place?: { readonly cwd: string; readonly env: Record<string, string> };
  /** What it reads from standard input; nothing where it is not given. */
  readonly input?: string | undefined;
  /** Whether more is typed while it runs, so that its input does not end. @default {false} */
  readonly isTyped?: boolean | undefined;
  /** When it is ended, in milliseconds; longer than anything that is waited for. @default {600_000} */
  readonly guardTimeoutMs?: number | undefined;
}

/** A process; `await using` ends it. */
export class FollowedProcess implements AsyncDisposable {
  /** Its number. */
  readonly pid: number;
  /** How it ended, once it has. */
  readonly end: Promise<ProcessEnd>;
  /** What it wrote to standard output so far. */
  stdout = "";
  /** What it wrote to standard error so far. */
  stderr = "";
  readonly #process: Deno.ChildProcess;
  readonly #waiting = new Set<() => void>();
  #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>> | null = null;
  #hasEnded = false;

  /** Starts it. */
  constructor(start: ProcessStart) {
    const [program = "", ...args] = start.command;
    const hasInput = start.input !== undefined || start.isTyped === true;
    this.#process = new Deno.Command(program, {
      args,
      ...(start.place === undefined ? {} : { ...start.place, clearEnv: true }),
      stdin: hasInput ? "piped" : "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#process.pid;
    if (hasInput) this.#input = this.#process.stdin.getWriter();
    this.end = this.#follow(start.guardTimeoutMs ?? 600_000);
    if (start.input !== undefined) void this.type(start.input);
    if (hasInput && !start.isTyped) void this.#endInput();
  }

  /** Sends a signal; a process that has ended takes none. */
  kill(signal: Deno.Signal): void {
    if (this.#hasEnded) return;
    try {
      this.#process.kill(signal);
    } catch (error) {
      // It has ended, and its last words are still to be read.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  /** Sends a signal and waits for the end. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<ProcessEnd> {
    this.kill(signal);
    return await this.end;
  }

  /** Writes to its standard input. */
  async type(text: string): Promise<void> {
    try {
      await this.#input?.write(new TextEncoder().encode(text));
    } catch {
      // It ended without reading all of it.
    }
  }

  /** Waits until something is found in the output so far; throws once the process has ended. */
  async waitFor<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (this.#hasEnded) throw new Error(`the program ended too soon; it said:\n${this.stderr}`);
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Ends the process, if need be the hard way. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("SIGKILL");
  }

  async #follow(guardTimeoutMs: number): Promise<ProcessEnd> {
    const guard = setTimeout(() => this.kill("SIGKILL"), guardTimeoutMs);
    const [{ code, signal }] = await Promise.all([
      this.#process.status,
      this.#read(this.#process.stdout, (text) => this.stdout += text),
      this.#read(this.#process.stderr, (text) => this.stderr += text),
    ]);
    clearTimeout(guard);
    await this.#endInput();
    this.#hasEnded = true;
    this.#wake();
    return { code, signal, stdout: this.stdout, stderr: this.stderr };
  }

  async #endInput(): Promise<void> {
    try {
      await this.#input?.close();
    } catch {
      // It ended without reading all of it.
    }
  }

  async #read(
    output: ReadableStream<Uint8Array<ArrayBuffer>>,
    take: (text: string) => void,
  ): Promise<void> {
    for await (const text of output.pipeThrough(new TextDecoderStream())) {
      take(text);
      this.#wake();
    }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** A line of JSON that a program wrote. */
// deno-lint-ignore no-explicit-any
export type JsonLine = Readonly<Record<string, any>>;

/** Reads the complete lines that are JSON objects. */
export function jsonLines(text: string): JsonLine[] {
  return text.split("\n").slice(0, -1).filter((line) => line.startsWith("{")).map((line) =>
    JSON.parse(line)
  );
}
