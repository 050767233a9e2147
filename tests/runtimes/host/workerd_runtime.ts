/**
 * workerd: a process that serves HTTP. A task is a request; a keeper that dials comes in over a
 * WebSocket, since a worker has no other door.
 *
 * @module
 */
import { webSocketDuplex } from "../../../protocol/mod.ts";
import { FollowedProcess, jsonLines } from "../../support/followed_process.ts";
import type { AgentTask, SessionOutcome } from "../guest/session_tasks.ts";
import type { Tasks } from "../guest/tasks.ts";
import { join, Port } from "./join.ts";
import { bundleGuest, type Runtime, type ServedAgent, valueOf } from "./runtime.ts";

/** The date whose behaviour the worker asks for. */
const COMPATIBILITY_DATE = "2026-01-01";

/** Only the worker knows the module, so only its entry imports it. */
const ENTRY = `import { connect } from "cloudflare:sockets";
import { makeWorker } from "./guest.js";
export default makeWorker(connect);
`;

/** The machine's own addresses are all that the worker may reach. */
const CONFIG = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "guest", worker = (
      modules = [
        (name = "entry.js", esModule = embed "entry.js"),
        (name = "guest.js", esModule = embed "guest.js"),
      ],
      compatibilityDate = "${COMPATIBILITY_DATE}",
      globalOutbound = "loopback",
    )),
    (name = "loopback", network = (allow = ["private"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "guest")],
);
`;

const OUTCOME_PAUSE_MS = 20;

/** Starts the guest in an executable of workerd. */
export async function startWorkerd(executable: string): Promise<Runtime> {
  const folder = await Deno.makeTempDir({ prefix: "fluxvault-runtime-" });
  await Deno.writeTextFile(`${folder}/guest.js`, await bundleGuest("worker", "browser"));
  await Deno.writeTextFile(`${folder}/entry.js`, ENTRY);
  await Deno.writeTextFile(`${folder}/config.capnp`, CONFIG);
  const process = new FollowedProcess({
    command: [executable, "serve", `${folder}/config.capnp`, "--control-fd=1"],
    guardTimeoutMs: 600_000,
  });
  const port = await process.waitFor(() =>
    jsonLines(process.stdout).find(({ event }) => event === "listen")?.port
  );
  return new WorkerdRuntime(process, { folder, port });
}

class WorkerdRuntime implements Runtime {
  readonly #process: FollowedProcess;
  readonly #folder: string;
  readonly #address: string;

  constructor(process: FollowedProcess, place: { readonly folder: string; readonly port: number }) {
    this.#process = process;
    this.#folder = place.folder;
    this.#address = `127.0.0.1:${place.port}`;
  }

  async perform<Kind extends keyof Tasks>(
    kind: Kind,
    input: Tasks[Kind][0],
  ): Promise<Tasks[Kind][1]> {
    const body = JSON.stringify({ kind, input });
    const response = await fetch(`http://${this.#address}/`, { method: "POST", body });
    const text = await response.text();
    if (!response.ok) throw new Error(`workerd answers ${response.status}: ${text}`);
    return valueOf(JSON.parse(text));
  }

  reach(apiUrl: string): string {
    return apiUrl;
  }

  listen(task: AgentTask): Promise<ServedAgent> {
    const port = new Port();
    const query = new URLSearchParams({ task: JSON.stringify(task) });
    const passing = port.accept().then(async (connection) => {
      if (connection === null) return;
      const socket = new WebSocket(`ws://${this.#address}/?${query}`);
      const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
      await join(connection.duplex, webSocketDuplex(socket));
      await closed;
    });
    return Promise.resolve({
      port: port.number,
      outcome: async () => {
        await passing;
        return await this.#outcome();
      },
      async [Symbol.asyncDispose]() {
        port[Symbol.dispose]();
        await passing;
      },
    });
  }

  async #outcome(): Promise<SessionOutcome> {
    for (;;) {
      const text = await (await fetch(`http://${this.#address}/outcome`)).text();
      if (text !== "null") return valueOf(JSON.parse(text));
      await new Promise((resolve) => setTimeout(resolve, OUTCOME_PAUSE_MS));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}
