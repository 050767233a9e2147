/**
 * Node.js and Bun: a process that is sent lines and answers with lines.
 *
 * @module
 */
import type { Runtime, Said, ServedAgent } from "./runtime.ts";
import { bundleGuest, valueOf } from "./runtime.ts";
import type { AgentTask } from "../guest/session_tasks.ts";
import type { Tasks } from "../guest/tasks.ts";

/** Starts the guest in an executable of Node.js or Bun. */
export async function startNode(executable: string): Promise<Runtime> {
  const folder = await Deno.makeTempDir({ prefix: "fluxvault-runtime-" });
  await Deno.writeTextFile(`${folder}/guest.mjs`, await bundleGuest("node", "deno"));
  return new NodeRuntime(executable, folder);
}

class NodeRuntime implements Runtime {
  readonly #folder: string;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #waiting = new Map<number, PromiseWithResolvers<Said>>();
  readonly #reading: Promise<void>;
  #nextId = 0;
  #hasEnded = false;

  constructor(executable: string, folder: string) {
    this.#folder = folder;
    this.#process = new Deno.Command(executable, {
      args: [`${folder}/guest.mjs`],
      cwd: folder,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#reading = this.#read();
  }

  async perform<Kind extends keyof Tasks>(
    kind: Kind,
    input: Tasks[Kind][0],
  ): Promise<Tasks[Kind][1]> {
    return await this.#ask({ kind, input });
  }

  reach(apiUrl: string): string {
    return apiUrl;
  }

  async listen(task: AgentTask): Promise<ServedAgent> {
    const port = await this.#ask({ kind: "listen", input: task });
    return {
      port,
      outcome: () => this.#ask({ kind: "listened" }),
      async [Symbol.asyncDispose]() {},
    };
  }

  // deno-lint-ignore no-explicit-any
  async #ask(task: Readonly<Record<string, unknown>>): Promise<any> {
    if (this.#hasEnded) throw new Error("the runtime has ended");
    const id = this.#nextId++;
    const answer = Promise.withResolvers<Said>();
    this.#waiting.set(id, answer);
    await this.#input.write(new TextEncoder().encode(`${JSON.stringify({ id, ...task })}\n`));
    return valueOf(await answer.promise);
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const text of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const { id, ...said } = JSON.parse(line);
        this.#waiting.get(id)?.resolve(said);
        this.#waiting.delete(id);
      }
    }
    this.#hasEnded = true;
    for (const { resolve } of this.#waiting.values()) resolve({ error: "the runtime has ended" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#reading;
    await this.#input.close().catch(() => {});
    await Deno.remove(this.#folder, { recursive: true });
  }
}
