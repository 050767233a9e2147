import * as limits from "../../keeper/limits.ts";
import {
  AGENTS_OPTIONS,
  CONFIG_OPTIONS,
  IMPORT_OPTIONS,
  KEYS_OPTIONS,
  RUN_OPTIONS,
  VAULT_OPTIONS,
} from "../../keeper/options.ts";
import { fixedEnvironment, resolveSettings } from "../../protocol/host/mod.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("RUN_OPTIONS has the defaults of the library", async () => {
  const { values } = await resolveSettings(RUN_OPTIONS, { args: [], env: fixedEnvironment() });
  assertEquals({ ...values }, {
    vaultDir: "./vault",
    watch: true,
    managedFiles: [],
    plugin: [],
    pluginPermissions: [],
    appName: undefined,
    auditLog: undefined,
    agentIps: [],
    commsPort: limits.DEFAULT_COMMS_PORT,
    fluxApi: [],
    wire: [],
    trust: undefined,
    firstUseLimit: undefined,
    require: [],
    stateDir: undefined,
    pollingIntervalMs: limits.DEFAULT_POLLING_INTERVAL_MS,
    discoveryIntervalMs: limits.DEFAULT_DISCOVERY_INTERVAL_MS,
    runOnce: false,
    concurrency: limits.DEFAULT_CONCURRENCY,
    signConnections: false,
    zelid: undefined,
    keyStore: "auto",
    loadout: undefined,
  });
});

Deno.test("RUN_OPTIONS reads the variables that users know", async () => {
  const env = fixedEnvironment({
    FLUXVAULT_VAULT_DIR: "v",
    FLUXVAULT_MANAGED_FILES: "a,b:c",
    FLUXVAULT_AGENT_IPS: "192.168.1.5,192.168.1.6",
    FLUXVAULT_COMMS_PORT: "9999",
    FLUXVAULT_POLLING_INTERVAL: "600",
    FLUXVAULT_RUN_ONCE: "True",
  });
  const { values, warnings } = await resolveSettings(RUN_OPTIONS, { args: [], env });
  assertEquals([values.vaultDir, values.managedFiles, values.agentIps], [
    "v",
    ["a", "b:c"],
    ["192.168.1.5", "192.168.1.6"],
  ]);
  assertEquals([values.commsPort, values.pollingIntervalMs, values.runOnce], [9999, 600_000, true]);
  assertEquals(warnings, []);
});

Deno.test("AGENTS_OPTIONS has no option that RUN_OPTIONS lacks", () => {
  const known = new Set<string>(RUN_OPTIONS.map(({ name }) => name));
  assertEquals(AGENTS_OPTIONS.filter(({ name }) => !known.has(name)), []);
});

Deno.test("KEYS_OPTIONS takes a yes from the command line alone", async () => {
  const env = fixedEnvironment({ FLUXVAULT_YES: "1", FLUXVAULT_KEY_STORE: "file" });
  const { values } = await resolveSettings(KEYS_OPTIONS, { args: [], env });
  assertEquals([values.yes, values.keyStore], [false, "file"]);
});

Deno.test("IMPORT_OPTIONS replaces and raises nobody unless it is told to", async () => {
  const input = { args: ["x"], env: fixedEnvironment(), allowOperands: true };
  const { values } = await resolveSettings(IMPORT_OPTIONS, input);
  assertEquals([values.as, values.replace], [undefined, false]);
});

Deno.test("VAULT_OPTIONS takes the words and the variables of the original's vault", async () => {
  const env = fixedEnvironment({ VAULT_PORT: "30001", VAULT_FILE_DIR: "./x/", VAULT_APP: "demo" });
  const args = ["--ip", "203.0.113.20", "--dir", "files"];
  const { values } = await resolveSettings(VAULT_OPTIONS, { args, env });
  const { vaultDir, appName, agentIps, commsPort } = values;
  assertEquals([vaultDir, appName, agentIps, commsPort], [
    "files",
    "demo",
    ["203.0.113.20"],
    30_001,
  ]);
});

Deno.test("CONFIG_OPTIONS takes the loadout from each place that a setting comes from", async () => {
  const env = fixedEnvironment({ FLUXVAULT_LOADOUT: "from-variable.yaml" });
  const { values: named } = await resolveSettings(CONFIG_OPTIONS, { args: [], env });
  assertEquals(named.loadout, "from-variable.yaml");
  const args = ["--loadout", "from-flag.yaml"];
  const { values } = await resolveSettings(CONFIG_OPTIONS, { args, env });
  assertEquals(values.loadout, "from-flag.yaml");
});
