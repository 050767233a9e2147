import { type ComponentParts, ServedComponents } from "../../../agent/commands/serve_components.ts";
import { loadIdentity } from "../../../agent/identity_file.ts";
import type { PrimaryPlace } from "../../../agent/subordinate/primary.ts";
import { assertEquals } from "../../support/assert.ts";
import { serveContext } from "../../support/serve_context.ts";

const PRIMARY: PrimaryPlace = {
  rule: { kind: "name", name: "fluxagent_shop" },
  host: "fluxagent_shop",
  port: 2_080,
  isContainer: true,
};

async function open(args: readonly string[], primary: PrimaryPlace | null = null) {
  const parts: ComponentParts = {
    names: { app: "shop", component: "db", notes: [] },
    identity: await loadIdentity(null),
    enrolmentSecret: null,
    primary,
    port: 8_888,
  };
  return await ServedComponents.open(await serveContext(args), parts);
}

Deno.test("ServedComponents is nothing where the agent is neither primary nor sub-agent", async () => {
  using components = await open([]);
  assertEquals([components.registrar, components.agentOptions], [null, {}]);
  assertEquals(components.figures(), []);
  await components.run({ signal: new AbortController().signal });
});

Deno.test("ServedComponents offers keepers what a primary can do", async () => {
  using components = await open(["--enable-registrar", "--registrar-port=3000"]);
  assertEquals(components.registrar?.place, { hostname: "0.0.0.0", port: 3_000 });
  const { calls, wants } = components.agentOptions;
  assertEquals(calls?.actions?.map(({ name }) => name), ["relay", "relay-list"]);
  assertEquals(wants, ["relay"]);
  const names = components.figures().map(({ name }) => name);
  assertEquals(names, ["fluxvault_sub_agents", "fluxvault_relays_open", "fluxvault_relays_total"]);
});

Deno.test("ServedComponents registers a sub-agent until it is told to stop", async () => {
  const args = ["--subordinate", "--fileserver-dns=127.0.0.1:1"];
  using components = await open(args, { ...PRIMARY, host: "127.0.0.1", port: 1 });
  assertEquals(components.registrar, null);
  assertEquals(components.agentOptions, { sharesAddress: true });
  assertEquals(components.figures().map(({ samples }) => samples), [[[{}, 0]]]);
  const stop = new AbortController();
  const running = components.run({ signal: stop.signal });
  stop.abort();
  await running;
});
