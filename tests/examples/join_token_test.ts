/**
 * Example: a one-time token that an agent asks for when it starts.
 *
 * Something else lets members join by a token, a cluster or a registry. The keeper, which has proved who
 * the agent is, makes one for each agent that it trusts enough; who asks a second time gets none.
 *
 * @module
 */
import * as v from "valibot";
import { Agent, listen, parsePeerRule, PeerPolicy } from "../../agent/mod.ts";
import {
  declareForAll,
  dialAgent,
  Keeper,
  type KeeperOptions,
  MemoryKnownAgentsStore,
  MemoryVault,
  StaticFleet,
} from "../../keeper/mod.ts";
import {
  type AgentIdentity,
  CallError,
  defineContract,
  generateIdentitySeed,
  importIdentity,
  MemorySecretStore,
} from "../../protocol/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { fixedKeyStock } from "../support/session_pair.ts";

const joinToken = defineContract("join-token", {
  describe: "Gives an agent the token by which it joins the cluster, once.",
  output: v.object({
    token: v.pipe(v.string(), v.regex(/^[0-9a-f-]{36}$/)),
    expires: v.pipe(v.string(), v.isoTimestamp(), v.transform((text) => new Date(text))),
  }),
});

/** An agent that asks for a token in its first session. */
async function startAgent(identity: AgentIdentity, component: string) {
  const answers: string[] = [];
  const stop = new AbortController();
  const listener = listen({ hostname: "127.0.0.1", port: 0 });
  const keys = await fixedKeyStock(); // An agent makes its own where it is given none.
  const agent = new Agent({
    keys,
    identity,
    store: new MemorySecretStore(),
    policy: new PeerPolicy([parsePeerRule("127.0.0.1")]),
    app: "shop",
    component,
    calls: {
      work: async (desk) => {
        if (answers.length > 0) return;
        try {
          const { token, expires } = await desk.call(joinToken);
          answers.push(expires.getTime() > Date.now() ? token : "expired");
        } catch (error) {
          if (!(error instanceof CallError)) throw error;
          answers.push(error.code);
        }
      },
    },
  });
  const served = agent.serve(listener, { signal: stop.signal });
  return {
    answers,
    address: { host: "127.0.0.1", port: listener.address.port },
    async [Symbol.asyncDispose](): Promise<void> {
      stop.abort();
      await served;
      listener[Symbol.dispose]();
      keys[Symbol.dispose]();
    },
  };
}

/** A keeper of some agents that gives tokens to those that are web servers. */
async function makeKeeper(
  agents: readonly { readonly address: { readonly host: string; readonly port: number } }[],
  parts: Pick<KeeperOptions, "knownAgents"> & { readonly given: Set<string> },
): Promise<Keeper> {
  const keeper = new Keeper({
    fleet: new StaticFleet(agents.map(({ address }) => address), { app: "shop" }),
    vault: await MemoryVault.from({}),
    declarations: declareForAll([]),
    knownAgents: parts.knownAgents,
    dial: dialAgent,
    trust: "first-use",
    firstUseLimit: 2,
  });
  keeper.action("join-token", {
    app: "shop",
    components: ["web"],
    level: "first-use",
    ...joinToken.options,
    run({ agent: { fingerprint } }) {
      if (parts.given.has(fingerprint)) throw new CallError("given-before", "one each");
      parts.given.add(fingerprint);
      const expires = new Date(Date.now() + 60_000).toISOString();
      return { token: crypto.randomUUID(), expires };
    },
  });
  return keeper;
}

Deno.test("example: an agent asks its keeper for a join token at its start, and gets one", async () => {
  const identity = await importIdentity(await generateIdentitySeed());
  const parts = { knownAgents: new MemoryKnownAgentsStore(), given: new Set<string>() };
  await using db = await startAgent(await importIdentity(await generateIdentitySeed()), "db");
  {
    await using web = await startAgent(identity, "web");
    const keeper = await makeKeeper([web, db], parts);
    const report = await keeper.pass();
    assertEquals(report.agents.map(({ outcome }) => outcome.kind), ["delivered", "delivered"]);
    assert(/^[0-9a-f-]{36}$/.test(web.answers[0] ?? ""), web.answers[0]);
    // It is none of the components that may have one, so for it there is no such action.
    assertEquals(db.answers, ["unknown-action"]);
  }
  // The same agent, started anew, or whoever has a copy of its key: there is no second token.
  await using again = await startAgent(identity, "web");
  await (await makeKeeper([again], parts)).pass();
  assertEquals([again.answers, parts.given.size], [["given-before"], 1]);
});
