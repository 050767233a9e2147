/**
 * Calls between an agent and a keeper over TCP: during a delivery, without one, and as a way to another
 * agent behind the first.
 *
 * @module
 */
import { Agent, type AgentOptions, type AgentSessionReport, listen } from "../../agent/mod.ts";
import {
  dialAgent,
  Keeper,
  type KeeperOptions,
  MemoryKnownAgentsStore,
  MemoryVault,
  StaticFleet,
} from "../../keeper/mod.ts";
import {
  type Action,
  type CallDesk,
  CallError,
  ConnectionError,
  converseAsKeeper,
  deliverAsKeeper,
  type Duplex,
  handshakeAsKeeper,
  MemorySecretSource,
  MemorySecretStore,
  RsaKeyStock,
  type SessionCalls,
} from "../../protocol/mod.ts";
import { dialTcp } from "../../protocol/host/mod.ts";
import { assert, assertEquals, assertRejects } from "../support/assert.ts";
import { declared } from "../support/fake_fleet.ts";
import { freePort } from "../support/free_port.ts";
import { fixedIdentity, fixedRsaKeyPair } from "../support/session_pair.ts";

/** An agent that listens until the scope ends. */
class ListeningAgent implements AsyncDisposable {
  readonly store = new MemorySecretStore();
  readonly reports: AgentSessionReport[] = [];
  readonly port: number;
  readonly #stop = new AbortController();
  readonly #keys: RsaKeyStock;
  readonly #served: Promise<void>;

  private constructor(
    options: Partial<AgentOptions>,
    parts: Pick<AgentOptions, "identity" | "keys">,
  ) {
    this.#keys = parts.keys as RsaKeyStock;
    const listener = listen({ hostname: "127.0.0.1", port: 0 });
    this.port = listener.address.port;
    const agent = new Agent({
      ...parts,
      store: this.store,
      policy: { allows: (address) => address === "127.0.0.1" },
      onReport: (report) => this.reports.push(report),
      ...options,
    });
    this.#served = agent.serve(listener, { signal: this.#stop.signal }).finally(() => {
      listener.close();
    });
  }

  static async start(options: Partial<AgentOptions> = {}): Promise<ListeningAgent> {
    const pair = await fixedRsaKeyPair();
    const keys = new RsaKeyStock({ generate: () => Promise.resolve(pair) });
    return new ListeningAgent(options, { identity: await fixedIdentity(), keys });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#served;
    this.#keys[Symbol.dispose]();
  }
}

/** Copies bytes between a call and a TCP port of this machine, as a primary agent would. */
function relayTo(ports: Readonly<Record<string, number>>): Action<string> {
  return {
    name: "relay",
    async run({ stream, signal, openOutput }, component) {
      const port = ports[component];
      if (port === undefined || stream === null) {
        throw new CallError("component-unknown", "nobody of that name is behind this agent");
      }
      const far = await dialTcp({ host: "127.0.0.1", port, signal }).catch((cause) => {
        throw new CallError("component-unreachable", "it does not answer", { cause });
      });
      try {
        const output = await openOutput();
        const forth = (async () => {
          const writer = far.duplex.writable.getWriter();
          for await (const piece of stream) await writer.write(piece.slice());
          await writer.close();
        })();
        for await (const piece of far.duplex.readable) await output.write(piece);
        await output.end();
        await forth;
      } finally {
        far.close();
      }
    },
  };
}

function keeperOf(port: number, options: Partial<KeeperOptions>): Promise<Keeper> {
  return MemoryVault.from({ "db.password": new TextEncoder().encode("correct horse") }).then(
    (vault) =>
      new Keeper({
        fleet: new StaticFleet([{ host: "127.0.0.1", port }]),
        vault,
        declarations: declared("db.password"),
        knownAgents: new MemoryKnownAgentsStore(),
        dial: dialAgent,
        trust: "first-use",
        firstUseLimit: 9,
        ...options,
      }),
  );
}

/** Delivers one file over a transport. */
async function deliverOver(duplex: Duplex, contents: string): Promise<string> {
  const session = await handshakeAsKeeper(duplex, { policy: () => null });
  const source = await MemorySecretSource.from({ a: new TextEncoder().encode(contents) });
  const { files } = await deliverAsKeeper(session, source, { revision: 1 });
  return `${files[0]?.outcome}`;
}

function textOf(store: MemorySecretStore, path: string): string {
  return new TextDecoder().decode(store.read(path));
}

Deno.test("a keeper serves the agents behind an agent while it serves that one, and one that is broken costs nothing", async () => {
  await using web = await ListeningAgent.start();
  await using db = await ListeningAgent.start();
  const ports = { web: web.port, db: db.port, closed: freePort() };
  await using primary = await ListeningAgent.start({
    calls: { actions: [relayTo(ports)] },
    wants: ["relay"],
  });
  const outcomes: Record<string, string> = {};
  const serve = async (desk: CallDesk, component: string) => {
    try {
      const duplex = await desk.openDuplex("relay", { input: component });
      outcomes[component] = await deliverOver(duplex, `for ${component}`);
    } catch (error) {
      outcomes[component] = (error as CallError).code;
    }
  };
  const keeper = await keeperOf(primary.port, {
    calls: ({ origin, extendTime }): SessionCalls | null => {
      if (!origin.readiness.wants.includes("relay")) return null;
      extendTime(60_000);
      const names = ["web", "db", "closed", "nobody"];
      return {
        work: async (desk) => void await Promise.all(names.map((name) => serve(desk, name))),
      };
    },
  });
  const { agents } = await keeper.pass();
  assertEquals(agents.map(({ outcome }) => outcome.kind), ["delivered"]);
  assertEquals(outcomes, {
    web: "created",
    db: "created",
    closed: "component-unreachable",
    nobody: "component-unknown",
  });
  assertEquals(
    [primary, web, db].map(({ store }) => store.paths()),
    [["db.password"], ["a"], ["a"]],
  );
  assertEquals([textOf(web.store, "a"), textOf(db.store, "a")], ["for web", "for db"]);
});

Deno.test("an agent asks its keeper for what it needs before it says that it is done", async () => {
  const store = new MemorySecretStore();
  const told: unknown[] = [];
  await using agent = await ListeningAgent.start({
    store,
    calls: {
      work: async (desk) => void told.push(await desk.call("certificate", { input: { n: 1 } })),
    },
  });
  const keeper = await keeperOf(agent.port, {
    calls: ({ level }) => ({
      actions: [{ name: "certificate", run: (_context, input) => Promise.resolve([level, input]) }],
    }),
  });
  const { agents } = await keeper.pass();
  assertEquals(agents.map(({ outcome }) => outcome.kind), ["delivered"]);
  assertEquals([told, store.paths()], [[["first-use", { n: 1 }]], ["db.password"]]);
});

Deno.test("a call that is cut off at the wire fails on both sides, and the agent serves the next", async () => {
  const ended: string[] = [];
  let begin = () => {};
  const begun = new Promise<void>((resolve) => begin = resolve);
  const hold: Action = {
    name: "hold",
    run: ({ signal }) =>
      new Promise((_, reject) => {
        begin();
        signal.addEventListener("abort", () => {
          ended.push(signal.reason instanceof ConnectionError ? "cut off" : "cancelled");
          reject(signal.reason);
        });
      }),
  };
  await using agent = await ListeningAgent.start({ calls: { actions: [hold] } });
  const connection = await dialTcp({ host: "127.0.0.1", port: agent.port });
  const session = await handshakeAsKeeper(connection.duplex, { policy: () => null });
  const conversing = assertRejects(
    () => converseAsKeeper(session, (desk) => desk.call("hold")),
    Error,
  );
  await begun;
  connection.close();
  await conversing;
  const keeper = await keeperOf(agent.port, {});
  assertEquals((await keeper.pass()).agents.map(({ outcome }) => outcome.kind), ["delivered"]);
  assertEquals(ended, ["cut off"]);
  // All of its sessions are over then, and told.
  await agent[Symbol.asyncDispose]();
  assert(agent.reports.some(({ isComplete }) => !isComplete));
});
