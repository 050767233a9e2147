/** The real agent program in a process of its own. */
import { fileURLToPath } from "node:url";
import { encodeUtf8 } from "../../protocol/bytes.ts";

const MAIN = fileURLToPath(new URL("../../agent/main.ts", import.meta.url));
const PERMISSIONS = [
  ...["--no-prompt", "--quiet", "--allow-net", "--allow-read", "--allow-write", "--allow-env"],
  "--allow-sys=hostname,uid,gid,statfs",
];
const NEWLINE = encodeUtf8("\n")[0] ?? 0;

function command(args: readonly string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", ...PERMISSIONS, MAIN, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** An agent that listens on a port of 127.0.0.1; killed when the scope ends. */
export class AgentProcess implements AsyncDisposable {
  /** Its port. */
  readonly port: number;
  /** The fingerprint of its identity. */
  readonly fingerprint: string;
  /** What it wrote to standard error so far. */
  stderr = "";
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncGenerator<string, void, undefined>;
  readonly #draining: Promise<void>;
  #hasEnded = false;
  #onStderr = () => {};

  private constructor(
    child: Deno.ChildProcess,
    said: { readonly first: string; readonly lines: AsyncGenerator<string, void, undefined> },
  ) {
    const { port, fingerprint } = JSON.parse(said.first);
    this.port = port;
    this.fingerprint = fingerprint;
    this.#child = child;
    this.#lines = said.lines;
    this.#draining = this.#drain();
    // Whoever waits for its end is told.
    this.#draining.catch(() => {});
  }

  /** Starts an agent in a folder; later arguments go before its own. */
  static async start(folder: string, args: readonly string[] = []): Promise<AgentProcess> {
    const given = new Set(args.map((arg) => arg.split("=")[0]));
    const defaults = [
      "--whitelisted-addresses=127.0.0.1",
      "--bind-address=127.0.0.1",
      "--bind-port=0",
      `--working-dir=${folder}/files`,
      `--state-dir=${folder}/state`,
      "--json",
    ].filter((arg) => !given.has(arg.split("=")[0]));
    const child = command([...defaults, ...args]).spawn();
    const lines = linesOf(child.stdout);
    const { value: first } = await lines.next();
    if (first !== undefined) return new AgentProcess(child, { first, lines });
    const stderr = await new Response(child.stderr).text();
    throw new Error(`the agent did not start (${(await child.status).code}): ${stderr}`);
  }

  /** Runs the program to its end. */
  static async run(
    args: readonly string[],
  ): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
    const { code, stdout, stderr } = await command(args).output();
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }

  /** Waits for the next line of standard output. */
  async nextLine(): Promise<string> {
    const { value } = await this.#lines.next();
    if (value === undefined) throw new Error("the agent has ended");
    return value;
  }

  /** Waits until standard error holds this text. */
  async untilLogged(text: string): Promise<void> {
    while (!this.stderr.includes(text)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onStderr = resolve;
      await promise;
    }
  }

  /** Sends a signal. */
  signal(name: Deno.Signal): void {
    this.#child.kill(name);
  }

  /** Sends a signal and waits for the end; returns the exit status. */
  async stop(name: Deno.Signal): Promise<number> {
    this.signal(name);
    return await this.#end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#hasEnded) return;
    this.signal("SIGKILL");
    await this.#end();
  }

  async #end(): Promise<number> {
    this.#hasEnded = true;
    const rest = async () => {
      for await (const _line of this.#lines);
    };
    await Promise.all([rest(), this.#draining]);
    return (await this.#child.status).code;
  }

  async #drain(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stderr) {
      this.stderr += decoder.decode(chunk, { stream: true });
      this.#onStderr();
    }
  }
}

async function* linesOf(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let waiting: Uint8Array[] = [];
  for await (const chunk of stream) {
    let start = 0;
    for (let end; (end = chunk.indexOf(NEWLINE, start)) >= 0; start = end + 1) {
      waiting.push(chunk.subarray(start, end));
      yield waiting.map((piece) => decoder.decode(piece, { stream: true })).join("");
      waiting = [];
    }
    waiting.push(chunk.subarray(start));
  }
}
