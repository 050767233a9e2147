import { FETCH_OPTIONS } from "../../agent/fetch_options.ts";
import { fixedEnvironment, resolveSettings } from "../../protocol/host/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("FETCH_OPTIONS are all on the agent's page", async () => {
  const page = await Deno.readTextFile(new URL("../../agent/README.md", import.meta.url));
  for (const { name } of FETCH_OPTIONS) assert(page.includes(`--${name}`), name);
});

Deno.test("FETCH_OPTIONS asks nothing of TLS, and for no key, unless it is told to", async () => {
  const env = fixedEnvironment();
  const { values } = await resolveSettings(FETCH_OPTIONS, { args: ["--wait"], env });
  assertEquals(values, {
    wait: true,
    waitTimeoutMs: undefined,
    out: undefined,
    mode: "0600",
    keyFile: undefined,
    tlsCert: undefined,
    tlsKey: undefined,
    tlsRoot: undefined,
  });
});
