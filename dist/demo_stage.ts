/**
 * What the demo plays on: a folder, the programs, and a record of what was claimed.
 *
 * @module
 */
import { join } from "node:path";
import { PROGRAMS } from "./compile/programs.ts";

/** An agent that the demo started. */
export interface DemoAgent {
  /** Its number in the story. */
  readonly index: number;
  /** The loopback address that it listens on. */
  readonly host: string;
  /** Its port. */
  readonly port: number;
  /** The fingerprint that it said at its start. */
  readonly fingerprint: string;
}

/** How a program ended. */
export interface ProgramRun {
  /** Its exit status. */
  readonly code: number;
  /** What it wrote to standard output. */
  readonly stdout: string;
}

/** Whom an agent of the demo lets in. */
export interface DemoAgentOptions {
  /** The address that may connect. @default "127.0.0.1" */
  readonly whitelist?: string;
  /** The address whose key has to sign, in the place of a list. */
  readonly signer?: string;
}

interface RunningAgent extends DemoAgent {
  readonly process: Deno.ChildProcess;
}

const START_TIMEOUT_MS = 30_000;
const ROOT = new URL("../", import.meta.url);

/** Returns what a program may do: in the demo no more than anywhere. */
function flagsOf(program: "agent" | "keeper"): readonly string[] {
  return PROGRAMS.find(({ task }) => task === program)?.flags ?? [];
}

/** Tells whether this machine answers on more loopback addresses than one; macOS does not. */
function hasManyLoopbacks(): boolean {
  try {
    Deno.listen({ hostname: "127.0.0.2", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}

function freePort(hostname: string): number {
  using listener = Deno.listen({ hostname, port: 0 });
  return listener.addr.port;
}

/** Breaks a text into lines of at most 90 characters. */
function wrap(text: string, indent: string, ending: string = ""): string {
  const lines = [""];
  for (const word of text.split(/(?<=\S) /)) {
    const line = lines.at(-1) ?? "";
    if (line === "") lines[lines.length - 1] = word;
    else if (`${line} ${word}${ending}`.length <= 90) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(indent + word);
  }
  return lines.join(`${ending}\n`);
}

/** Starts programs, shows what they say, and counts what was claimed in vain. */
export class DemoStage {
  readonly #folder: string;
  readonly #manyLoopbacks: boolean = hasManyLoopbacks();
  readonly #port: number;
  readonly #agents: RunningAgent[] = [];
  readonly #startedMs = performance.now();
  #steps = 0;
  #claims = 0;
  #failures = 0;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#port = freePort("127.0.0.1");
  }

  /** Makes the folder. */
  static async open(): Promise<DemoStage> {
    const stage = new DemoStage(await Deno.makeTempDir({ prefix: "fluxvault-demo-" }));
    if (!stage.#manyLoopbacks) {
      stage.#say("This machine has one loopback address, so the agents differ by their ports and");
      stage.#say("the keeper is given their addresses instead of asking for them.");
    }
    return stage;
  }

  /** Whether anything that was claimed did not happen. */
  get hasFailed(): boolean {
    return this.#failures > 0 || this.#claims === 0;
  }

  /** Returns a path in the demo's folder. */
  path(name: string): string {
    return join(this.#folder, name);
  }

  /** Returns the folder into which an agent's files go. */
  filesOf(index: number): string {
    return this.path(`agent-${index}/files`);
  }

  /** Begins the next step of the story. */
  step(text: string): void {
    this.#say(`\n${wrap(`${++this.#steps}. ${text}`, "   ")}`);
  }

  /** States something that must have happened. */
  claim(isTrue: boolean, text: string): void {
    this.#claims++;
    if (!isTrue) this.#failures++;
    this.#say(`   ${isTrue ? "[ok]  " : "[FAIL]"} ${text}`);
  }

  /** Starts an agent and waits until it listens. */
  async startAgent(
    index: number,
    options: DemoAgentOptions = {},
  ): Promise<DemoAgent> {
    const host = this.#manyLoopbacks ? `127.0.0.${index}` : "127.0.0.1";
    const port = this.#manyLoopbacks ? this.#port : freePort(host);
    await Deno.mkdir(this.filesOf(index), { recursive: true });
    const process = this.#spawn("agent", [
      ...["--bind-address", host, "--bind-port", `${port}`],
      ...options.signer === undefined
        ? ["--whitelisted-addresses", options.whitelist ?? "127.0.0.1"]
        : ["--signed-vault-connections", "--zelid", options.signer],
      ...["--working-dir", this.filesOf(index), "--state-dir", this.path(`agent-${index}/state`)],
      "--json",
    ]);
    const fingerprint = await this.#awaitListening(process);
    const agent = { index, host, port, fingerprint, process };
    this.#agents.push(agent);
    this.#say(`   agent ${index} listens on ${host}:${port} and is ${fingerprint}`);
    return agent;
  }

  /** Returns the keeper's arguments for this machine. */
  keeperArguments(
    options: { readonly app: string; readonly api: string; readonly managed: string },
  ): string[] {
    const where = this.#manyLoopbacks
      ? ["--app-name", options.app, "--comms-port", `${this.#port}`, "--flux-api", options.api]
      : ["--agent-ips", this.#agents.map(({ host, port }) => `${host}:${port}`).join(",")];
    return [
      ...where,
      ...["--vault-dir", this.path("vault"), "--managed-files", options.managed],
      ...["--state-dir", this.path("keeper-state")],
    ];
  }

  /** Adds an agent where the keeper is given addresses. */
  addAgentTo(keeperArguments: string[], agent: DemoAgent): void {
    const place = keeperArguments.indexOf("--agent-ips") + 1;
    if (place > 0) keeperArguments[place] += `,${agent.host}:${agent.port}`;
  }

  /** Runs a program to its end, with one line to read if there is any, and shows what it says. */
  async run(
    program: "agent" | "keeper",
    args: readonly string[],
    line?: string,
  ): Promise<ProgramRun> {
    const shown = args.map((arg) => arg.replaceAll(this.#folder, "."));
    this.#say(wrap(`   $ fluxvault ${program} ${shown.join(" ")}`, "       ", " \\"));
    const process = this.#spawn(program, [...args, "--quiet"], line !== undefined);
    if (line !== undefined) {
      const input = process.stdin.getWriter();
      await input.write(new TextEncoder().encode(`${line}\n`));
      await input.close();
    }
    const { code, ...outputs } = await process.output();
    const decoder = new TextDecoder();
    const [stdout, stderr] = [decoder.decode(outputs.stdout), decoder.decode(outputs.stderr)];
    for (const output of [stdout, stderr]) {
      const text = output.replaceAll(this.#folder, ".").trimEnd();
      if (text !== "") this.#say(text.replace(/^/gm, "   | "));
    }
    return { code, stdout };
  }

  /** Connects to an agent and counts the bytes that it says before it hangs up. */
  async knock(agent: DemoAgent): Promise<number> {
    using connection = await Deno.connect({ hostname: agent.host, port: agent.port });
    try {
      return await connection.read(new Uint8Array(4_096)) ?? 0;
    } catch (error) {
      if (error instanceof Deno.errors.ConnectionReset) return 0;
      throw error;
    }
  }

  /** Returns when the newest of all delivered files was written, in Unix milliseconds. */
  async newestChange(): Promise<number> {
    let newest = 0;
    for (const { index } of this.#agents) {
      for (const name of ["db.password", "api.token", "tls/server.key", "geo.dat"]) {
        const { mtime } = await Deno.stat(join(this.filesOf(index), name));
        newest = Math.max(newest, mtime?.getTime() ?? 0);
      }
    }
    return newest;
  }

  /** Ends the programs, removes the folder, and sums up. */
  async close(): Promise<void> {
    for (const { process } of this.#agents) {
      try {
        process.kill("SIGTERM");
      } catch {
        // It has ended by itself.
      }
    }
    for (const { process, index } of this.#agents) {
      const { code } = await process.status;
      this.claim(code === 0, `agent ${index} ended cleanly`);
    }
    await Deno.remove(this.#folder, { recursive: true });
    const seconds = ((performance.now() - this.#startedMs) / 1_000).toFixed(1);
    const verdict = this.hasFailed
      ? `${this.#failures} of ${this.#claims} claims did not hold`
      : `All ${this.#claims} claims held`;
    this.#say(`\n${verdict}, in ${seconds} s. Everything was removed again.`);
  }

  #spawn(
    program: "agent" | "keeper",
    args: readonly string[],
    hasInput = false,
  ): Deno.ChildProcess {
    return new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        ...flagsOf(program),
        new URL(`${program}/main.ts`, ROOT).href,
        ...args,
      ],
      cwd: this.#folder,
      stdin: hasInput ? "piped" : "null",
      stdout: "piped",
      stderr: program === "agent" ? "null" : "piped",
    }).spawn();
  }

  /** Reads the line in which an agent says that it listens; returns its fingerprint. */
  async #awaitListening(process: Deno.ChildProcess): Promise<string> {
    const timer = setTimeout(() => process.kill("SIGKILL"), START_TIMEOUT_MS);
    const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    try {
      while (!text.includes("\n")) {
        const { done, value } = await lines.read();
        if (done) throw new Error("an agent did not start");
        text += value;
      }
    } finally {
      clearTimeout(timer);
    }
    this.#drain(lines);
    return JSON.parse(text.slice(0, text.indexOf("\n"))).fingerprint;
  }

  /** Reads on, so that the agent never waits for its words to be taken. */
  async #drain(lines: ReadableStreamDefaultReader<string>): Promise<void> {
    while (!(await lines.read()).done);
  }

  #say(text: string): void {
    // deno-lint-ignore no-console
    console.log(text);
  }
}
