import { AGENT_OPTIONS, IDENTITY_OPTIONS, NODE_OPTIONS } from "../../agent/options.ts";
import { fixedEnvironment, resolveSettings } from "../../protocol/host/mod.ts";
import { ConfigError } from "../../protocol/errors.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";

Deno.test("AGENT_OPTIONS have the defaults of the original, and folders beside each other", async () => {
  const { values } = await resolveSettings(AGENT_OPTIONS, { args: [], env: fixedEnvironment({}) });
  assertEquals(values, {
    whitelistedAddresses: [],
    originalWire: [],
    bindAddress: "0.0.0.0",
    bindPort: 8_888,
    workingDir: "./files",
    allowAbsolute: [],
    stateDir: "./state",
    files: [],
    appName: undefined,
    componentName: undefined,
    signedVaultConnections: false,
    zelid: [],
    verifySourceAddress: false,
    fluxApi: [],
    enrollSecret: undefined,
    requireTmpfs: false,
    wipeOnExit: false,
    fileserver: false,
    fileserverAddress: "0.0.0.0",
    fileserverPort: 2_080,
    fileserverKey: undefined,
    fileserverDns: undefined,
    fileserverTls: undefined,
    fileserverTlsPort: 2_443,
    healthAddress: "127.0.0.1",
    healthPort: undefined,
    enableRegistrar: false,
    registrarAddress: "0.0.0.0",
    registrarPort: 2_080,
    registrarKey: undefined,
    subordinate: false,
    primaryAgentName: "agent",
    primaryAgentAddress: undefined,
    primaryAgentPort: 2_080,
    trustPrimaryAgent: false,
    mutualTls: false,
    allowRun: [],
    waitFor: [],
    waitTimeoutMs: undefined,
    onChange: "none",
    stopTimeoutMs: 10_000,
    env: [],
    fd: [],
    stdin: undefined,
    allowPlugins: false,
    pluginPermissions: [],
    pluginMemory: 64,
  });
});

Deno.test("AGENT_OPTIONS are all variables too", async () => {
  const env = fixedEnvironment({
    FLUXVAULT_WHITELISTED_ADDRESSES: "192.0.2.7,home.example.org",
    FLUXVAULT_ORIGINAL_WIRE: "192.0.2.8",
    FLUXVAULT_BIND_ADDRESS: "::",
    FLUXVAULT_BIND_PORT: "1",
    FLUXVAULT_WORKING_DIR: "/srv",
    FLUXVAULT_ALLOW_ABSOLUTE: "/run/tls",
    FLUXVAULT_STATE_DIR: "/state",
    FLUXVAULT_FILES: "a,b",
    FLUXVAULT_APP_NAME: "shop",
    FLUXVAULT_COMPONENT_NAME: "web",
    FLUXVAULT_SIGNED_VAULT_CONNECTIONS: "true",
    FLUXVAULT_ZELID: "1abc,1def",
    FLUXVAULT_VERIFY_SOURCE_ADDRESS: "no",
    FLUXVAULT_FLUX_API: "https://api.example.org",
    FLUXVAULT_ENROLL_SECRET: "secret",
    FLUXVAULT_REQUIRE_TMPFS: "true",
    FLUXVAULT_WIPE_ON_EXIT: "true",
    FLUXVAULT_ALLOW_RUN: "nginx",
    FLUXVAULT_WAIT_FOR: "a,b",
    FLUXVAULT_WAIT_TIMEOUT: "5m",
    FLUXVAULT_ON_CHANGE: "SIGHUP",
    FLUXVAULT_STOP_TIMEOUT: "30",
    FLUXVAULT_ENV: "A=a",
    FLUXVAULT_FD: "3=a",
    FLUXVAULT_STDIN: "a",
    FLUXVAULT_FILESERVER: "True",
    FLUXVAULT_FILESERVER_ADDRESS: "::",
    FLUXVAULT_FILESERVER_PORT: "80",
    FLUXVAULT_FILESERVER_KEY: "server.key",
    FLUXVAULT_FILESERVER_DNS: "127.0.0.11",
    FLUXVAULT_FILESERVER_TLS: "tls",
    FLUXVAULT_FILESERVER_TLS_PORT: "84",
    FLUXVAULT_HEALTH_ADDRESS: "::1",
    FLUXVAULT_HEALTH_PORT: "81",
    FLUXVAULT_REGISTRAR: "true",
    FLUXVAULT_REGISTRAR_ADDRESS: "::",
    FLUXVAULT_REGISTRAR_PORT: "82",
    FLUXVAULT_REGISTRAR_KEY: "registrar.key",
    FLUXVAULT_SUBORDINATE: "true",
    FLUXVAULT_PRIMARY_AGENT_NAME: "vault",
    FLUXVAULT_PRIMARY_AGENT_ADDRESS: "192.0.2.9",
    FLUXVAULT_PRIMARY_AGENT_PORT: "83",
    FLUXVAULT_TRUST_PRIMARY_AGENT: "true",
    FLUXVAULT_MUTUAL_TLS: "true",
    FLUXVAULT_ALLOW_PLUGINS: "true",
    FLUXVAULT_PLUGIN_PERMISSIONS: "net=a.example",
    FLUXVAULT_PLUGIN_MEMORY: "32",
  });
  const { values, entries } = await resolveSettings(AGENT_OPTIONS, { args: [], env });
  assertEquals([...entries.values()].map(({ source }) => source.kind), Array(47).fill("variable"));
  assertEquals(values.whitelistedAddresses, ["192.0.2.7", "home.example.org"]);
  assertEquals(values.files, ["a", "b"]);
  assertEquals(values.fileserver, true);
});

Deno.test("IDENTITY_OPTIONS look for the state where the agent keeps it", async () => {
  const { values } = await resolveSettings(IDENTITY_OPTIONS, { args: [], env: fixedEnvironment() });
  assertEquals(values, { stateDir: "./state" });
});

Deno.test("AGENT_OPTIONS are all in the table of the agent's page, with their defaults", async () => {
  const page = await Deno.readTextFile(new URL("../../agent/README.md", import.meta.url));
  const rows = new Map(
    [...page.matchAll(/^\| `--([a-z-]+)` +\| (.+?) +\|/gm)].map(([, name, text]) => [name, text]),
  );
  assertEquals([...rows.keys()].sort(), AGENT_OPTIONS.map(({ name }) => name).sort());
  for (const option of AGENT_OPTIONS) {
    if (!("default" in option)) continue;
    assertEquals(rows.get(option.name), `\`${option.default}\``);
  }
});

Deno.test("NODE_OPTIONS takes the words and the variables of the original's node", async () => {
  const args = ["--port", "30001", "--dir", "/tmp/node", "quotes.txt"];
  const env = fixedEnvironment({ VAULT_NAME: "home.example.org", VAULT_PORT: "1" });
  const { values, operands } = await resolveSettings(NODE_OPTIONS, {
    args,
    env,
    allowOperands: true,
  });
  const { bindPort, workingDir, originalWire, stateDir } = values;
  assertEquals([bindPort, workingDir, originalWire], [30_001, "/tmp/node", ["home.example.org"]]);
  assertEquals([stateDir, operands], [undefined, ["quotes.txt"]]);
});

Deno.test("NODE_OPTIONS has every option of AGENT_OPTIONS but those that its vault knows nothing of", () => {
  const known = new Set<string>(NODE_OPTIONS.map(({ name }) => name));
  const missing = AGENT_OPTIONS.filter(({ name }) => !known.has(name));
  const grouped = ["Application", "Plugins", "Sub-agents"];
  assertEquals(missing.map(({ name, group }) => grouped.includes(group) ? group : name), [
    "enroll-secret",
    ...["fileserver", "fileserver-address", "fileserver-port", "fileserver-key", "fileserver-dns"],
    ...["fileserver-tls", "fileserver-tls-port"],
    ...["health-address", "health-port"],
    ...Array(10).fill("Sub-agents"),
    ...Array(8).fill("Application"),
    ...Array(3).fill("Plugins"),
  ]);
});

Deno.test("AGENT_OPTIONS take the enrolment secret from its variable alone", async () => {
  const input = { args: ["--enroll-secret=secret"], env: fixedEnvironment() };
  const error = await assertRejects(() => resolveSettings(AGENT_OPTIONS, input), ConfigError);
  assertMatch(error.message, /cannot be given on the command line/);
  assert(!JSON.stringify([error.message, error.hint, error.source]).includes("=secret"));
});
