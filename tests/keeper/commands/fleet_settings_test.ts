import { StaticFleet } from "../../../keeper/fleet/fleet.ts";
import {
  checkTrust,
  type FleetSettings,
  readFleet,
} from "../../../keeper/commands/fleet_settings.ts";
import { FluxFleet } from "../../../keeper/fleet/flux_fleet.ts";
import { RUN_OPTIONS } from "../../../keeper/options.ts";
import type { ServeContext } from "../../../keeper/commands/run_context.ts";
import { parseWires } from "../../../keeper/contact/wire.ts";
import { ConfigError, SILENT_LOGGER } from "../../../protocol/mod.ts";
import { fixedEnvironment, GLOBAL_OPTIONS, resolveSettings } from "../../../protocol/host/mod.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../../support/assert.ts";
import { QUIET_PARTS } from "../../support/command_parts.ts";
import { MemoryInput } from "../../support/memory_input.ts";
import { MemoryOutput } from "../../support/memory_output.ts";
import { ENROLMENT, KEY } from "../keys/key_fixtures.ts";

async function contextOf(args: readonly string[]): Promise<ServeContext> {
  const env = fixedEnvironment();
  const resolved = await resolveSettings([...RUN_OPTIONS, ...GLOBAL_OPTIONS] as const, {
    args,
    env,
  });
  return {
    settings: resolved.values,
    resolved,
    operands: [],
    ...QUIET_PARTS,
    env,
    logger: SILENT_LOGGER,
    signal: new AbortController().signal,
    stdin: new MemoryInput(),
    stdout: new MemoryOutput(),
    stderr: new MemoryOutput(),
  };
}

async function read(...args: readonly string[]): Promise<FleetSettings> {
  return await readFleet(await contextOf(args));
}

const ADDRESSES = ["--agent-ips", "192.0.2.7,192.0.2.8"];

Deno.test("readFleet trusts as many addresses at first use as were named", async () => {
  const { fleet, trust, firstUseLimit } = await read(...ADDRESSES, "--app-name", "vaultdemo");
  assert(fleet instanceof StaticFleet);
  assertEquals([fleet.app, trust, firstUseLimit], ["vaultdemo", "first-use", 2]);
});

Deno.test("readFleet takes the operator's number before that of the addresses", async () => {
  assertEquals((await read(...ADDRESSES, "--first-use-limit", "5")).firstUseLimit, 5);
});

Deno.test("readFleet lets new agents of an app wait unless it is told otherwise", async () => {
  const { fleet, trust } = await read("--app-name", "vaultdemo");
  assert(fleet instanceof FluxFleet);
  assertEquals([fleet.app, fleet.instances, trust], ["vaultdemo", null, "approve"]);
});

Deno.test("readFleet leaves the number of places to the network where the operator names none", async () => {
  const args = ["--app-name", "vaultdemo", "--trust", "first-use"];
  const { trust, firstUseLimit } = await read(...args);
  assertEquals([trust, firstUseLimit], ["first-use", undefined]);
  assertEquals((await read(...args, "--first-use-limit", "2")).firstUseLimit, 2);
});

for (const args of [[], ["--app-name", "a b"], ["--app-name", "fluxy"]]) {
  Deno.test(`readFleet refuses ${args.join(" ") || "nothing"}`, async () => {
    await assertRejects(() => read(...args), ConfigError, "config-invalid");
  });
}

Deno.test("checkTrust refuses settings of trust where all is the original's wire", async () => {
  const only = parseWires(["original"]);
  for (const args of [["--trust", "approve"], ["--first-use-limit", "1"]]) {
    const context = await contextOf(args);
    assertThrows(() => checkTrust(context, only), ConfigError);
    checkTrust(context, parseWires(["original", "192.0.2.7=2"]));
  }
  checkTrust(await contextOf([]), only);
});

for (const secret of [ENROLMENT, KEY.wif]) {
  const what = secret === KEY.wif ? "a private key" : "an enrolment secret";
  Deno.test(`readFleet calls ${what} that is to name an app disclosed, and repeats it not`, async () => {
    const error = await assertRejects(() => read("--app-name", secret), ConfigError);
    assertEquals(error.setting, "--app-name");
    const text = `${error.message} ${error.hint}`;
    assert(text.includes("disclosed") && !text.includes(secret), text);
  });
}
