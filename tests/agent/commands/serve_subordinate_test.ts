import {
  openSubordinate,
  type ServedSubordinate,
} from "../../../agent/commands/serve_subordinate.ts";
import { HttpServer } from "../../../agent/http/server/http_server.ts";
import { loadIdentity } from "../../../agent/identity_file.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import type { CallDesk } from "../../../protocol/mod.ts";
import { PlayedIssuer } from "../../support/played_issuer.ts";
import { PlayedRegistrar } from "../../support/registrations.ts";
import { serveContext } from "../../support/serve_context.ts";
import { createAuthorities } from "../../support/tls_ends.ts";

const SECRET = new Uint8Array(32).fill(7);

/** A sub-agent that is told these arguments, and the registrar of its primary. */
class Stage implements AsyncDisposable {
  readonly #played: PlayedRegistrar;
  readonly #server: HttpServer;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  /** What the agent is given. */
  readonly agentOptions: ServedSubordinate["agentOptions"];

  private constructor(
    { played, server, subordinate }: {
      readonly played: PlayedRegistrar;
      readonly server: HttpServer;
      readonly subordinate: ServedSubordinate;
    },
  ) {
    this.#played = played;
    this.#server = server;
    this.agentOptions = subordinate.agentOptions;
    this.#running = subordinate.run({ signal: this.#stop.signal });
  }

  /** Starts both; `onRegistered` is told how often the sub-agent has registered. */
  static async open(args: readonly string[], onRegistered: (times: number) => void) {
    const neighbours = { find: () => ({ kind: "component", component: "db" } as const) };
    const played = await PlayedRegistrar.open({ enrolmentSecret: SECRET, neighbours });
    let times = 0;
    const server = new HttpServer(Deno.listen({ hostname: "127.0.0.1", port: 0 }), {
      handle: async (request, address) => {
        const reply = await played.registrar.handle(request, address);
        if (request.method === "POST") onRegistered(++times);
        return reply;
      },
      logger: new MemoryLogger(),
    });
    const { port } = server.address;
    const subordinate = await openSubordinate(await serveContext(["--subordinate", ...args]), {
      primary: { rule: { kind: "name", name: "p" }, host: "p", port, isContainer: true },
      resolve: () => Promise.resolve(["127.0.0.1"]),
      names: { app: "shop", component: "db", notes: [] },
      identity: await loadIdentity(null),
      enrolmentSecret: SECRET,
      port: 8_888,
    });
    return new Stage({ played, server, subordinate });
  }

  /** What the primary knows of the sub-agent. */
  get listed(): unknown[] {
    const [agent] = this.#played.agents.list();
    return [agent?.component, agent?.port, agent?.tls];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#server[Symbol.asyncDispose]();
    this.#played[Symbol.dispose]();
  }
}

Deno.test("openSubordinate registers under its names, with what it knows", async () => {
  const { promise: registered, resolve } = Promise.withResolvers<void>();
  await using stage = await Stage.open([], () => resolve());
  await registered;
  assertEquals(stage.listed, ["db", 8_888, false]);
  assertEquals(stage.agentOptions, {});
});

Deno.test("openSubordinate registers again at once where it has come to a certificate", async () => {
  const registered = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const signed = "--signed-vault-connections";
  await using stage = await Stage.open([signed], (times) => registered[times - 1]?.resolve());
  await registered[0]?.promise;
  assertEquals(stage.listed, ["db", 8_888, false]);
  const issuer = new PlayedIssuer(await createAuthorities());
  await stage.agentOptions.calls?.work?.(issuer.desk as CallDesk);
  await registered[1]?.promise;
  assertEquals(stage.listed, ["db", 8_888, true]);
});
