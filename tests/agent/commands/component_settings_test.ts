import {
  readPrimary,
  readsMutualTls,
  readsRegistrar,
} from "../../../agent/commands/component_settings.ts";
import type { PrimaryPlace } from "../../../agent/subordinate/primary.ts";
import { ConfigError } from "../../../protocol/errors.ts";
import { assertEquals, assertMatch, assertThrows } from "../../support/assert.ts";
import { serveContext } from "../../support/serve_context.ts";

const NAMES = { app: "Shop", component: "db", notes: [] };
const SUB = "--subordinate";

async function primaryOf(args: readonly string[], names = NAMES): Promise<PrimaryPlace | null> {
  return readPrimary(await serveContext(args), names);
}

Deno.test("readPrimary finds none where the agent is no sub-agent", async () => {
  assertEquals(await primaryOf([]), null);
  assertEquals(await primaryOf(["--enable-registrar", "--registrar-port=1"]), null);
  const context = await serveContext([]);
  const without = { ...context, settings: { ...context.settings, components: null } };
  assertEquals(readPrimary(without, NAMES), null);
});

Deno.test("readPrimary names the container of the primary's component", async () => {
  const host = "fluxagent_shop";
  const rule = { kind: "name", name: host } as const;
  assertEquals(await primaryOf([SUB]), { rule, host, port: 2_080, isContainer: true });
  const args = [SUB, "--primary-agent-name=Vault", "--primary-agent-port=3000"];
  const primary = await primaryOf(args);
  assertEquals([primary?.host, primary?.port], ["fluxvault_shop", 3_000]);
});

Deno.test("readPrimary takes an address or a name in its place", async () => {
  const byAddress = await primaryOf([SUB, "--primary-agent-address=192.0.2.7"]);
  assertEquals([byAddress?.rule.kind, byAddress?.isContainer], ["network", false]);
  const byName = await primaryOf([SUB, "--primary-agent-address=primary.example.org"]);
  assertEquals(byName?.rule, { kind: "name", name: "primary.example.org" });
});

const MISTAKES: readonly (readonly [readonly string[], Partial<typeof NAMES> | object, RegExp])[] =
  [
    [[SUB, "--enable-registrar"], {}, /--subordinate contradicts --enable-registrar/],
    [[SUB, "--registrar"], {}, /--subordinate contradicts --enable-registrar/],
    [[SUB], { app: null }, /--subordinate needs the name of the app/],
    [[SUB], { component: null }, /--subordinate needs the name of the component/],
    [[SUB, "--primary-agent-name=DB"], {}, /--primary-agent-name is the component of this agent/],
    [[SUB, "--primary-agent-name=a_b"], {}, /--primary-agent-name is the name of no component/],
    [[SUB, "--primary-agent-address=10.0.0.0/8"], {}, /--primary-agent-address is a network/],
    [[SUB, "--primary-agent-address=a:1"], {}, /--primary-agent-address cannot be used/],
    [["--primary-agent-name=agent"], {}, /--primary-agent-name has no use without --subordinate/],
    [["--primary-agent-port=1"], {}, /has no use without --subordinate/],
    [["--primary-agent-address=a"], {}, /has no use without --subordinate/],
    [["--mutual-tls"], {}, /has no use without --subordinate/],
    [["--trust-primary-agent"], {}, /has no use without --subordinate/],
    [["--registrar-port=1"], {}, /has no use without --enable-registrar/],
    [["--registrar-address=a"], {}, /has no use without --enable-registrar/],
    [["--registrar-key=k"], {}, /has no use without --enable-registrar or --subordinate/],
    [[SUB, "--registrar-port=1"], {}, /has no use without --enable-registrar/],
  ];

for (const [args, names, message] of MISTAKES) {
  Deno.test(`readPrimary refuses ${args.join(" ")} ${JSON.stringify(names)}`, async () => {
    const context = await serveContext(args);
    const read = () => readPrimary(context, { ...NAMES, ...names });
    const error = assertThrows(read, ConfigError, "config-invalid");
    assertMatch(error.message, message);
    assertMatch(error.hint ?? "", /\w/);
  });
}

Deno.test("readsRegistrar needs an app, and nothing where there is no registrar", async () => {
  const on = await serveContext(["--enable-registrar"]);
  assertEquals(readsRegistrar(on, NAMES), true);
  assertEquals(readsRegistrar(await serveContext([]), { ...NAMES, app: null }), false);
  const read = () => readsRegistrar(on, { ...NAMES, app: null });
  const error = assertThrows(read, ConfigError, "config-invalid");
  assertMatch(error.message, /--enable-registrar needs an app/);
});

Deno.test("readsMutualTls is on for sub-agents to which keepers sign, unless it is turned off", async () => {
  const signed = "--signed-vault-connections";
  const read = async (...args: string[]) => readsMutualTls(await serveContext(args));
  assertEquals(await read(signed), false);
  assertEquals(await read(SUB), false);
  assertEquals(await read(SUB, signed), true);
  assertEquals(await read(SUB, signed, "--mutual-tls"), true);
  assertEquals(await read(SUB, signed, "--mutual-tls=false"), false);
  assertEquals(await read(SUB, "--mutual-tls=false"), false);
  const unsigned = await serveContext([SUB, "--mutual-tls"]);
  const error = assertThrows(() => readsMutualTls(unsigned), ConfigError);
  assertMatch(error.message, /--mutual-tls needs --signed-vault-connections/);
});
