import { serve } from "../../../agent/commands/serve_command.ts";
import { AGENT_PROGRAM } from "../../../agent/program.ts";
import { handshakeAsKeeper } from "../../../protocol/handshake.ts";
import { dialTcp } from "../../../protocol/host/mod.ts";
import { type NodeEvidence, PeerRejectedError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { FakeFluxApi } from "../../support/fake_flux_api.ts";
import { MemoryOutput } from "../../support/memory_output.ts";
import { runInProcess } from "../../support/program.ts";
import { serveContext } from "../../support/serve_context.ts";
import { Site } from "../../support/site.ts";
import { listTree, type TemporaryFolder, temporaryFolder } from "../../support/temporary_folder.ts";

/** Arguments with which the agent starts, in a folder of the test's own. */
function argsIn(
  folder: Pick<TemporaryFolder, "path">,
  changes: Readonly<Record<string, string>> = {},
): string[] {
  const options = {
    "whitelisted-addresses": "127.0.0.1",
    "bind-address": "127.0.0.1",
    "bind-port": "0",
    "working-dir": `${folder.path}/files`,
    "state-dir": `${folder.path}/state`,
    ...changes,
  };
  return Object.entries(options).map(([name, value]) => `--${name}=${value}`);
}

Deno.test("serve prints where it listens and who it is, and ends when asked to", async () => {
  await using folder = await temporaryFolder();
  const run = await runInProcess(AGENT_PROGRAM, argsIn(folder), { stop: true });
  assertEquals(run.code, 0, run.stderr);
  assertMatch(run.stdout, /^listening on {2}127\.0\.0\.1:[1-9]\d*\nidentity {6}SHA256:\S{43}\n/);
  assertMatch(run.stdout, /may connect {3}127\.0\.0\.1\n/);
  assert(run.stdout.includes(`files go to   ${folder.path}/files\n`));
  assertMatch(run.stderr, /made a new identity/);
  const tree = await listTree(folder.path);
  assertEquals(tree.map((line) => line.split(" ")[0]), [
    "files/",
    "state/",
    "state/.lock",
    "state/identity.json",
  ]);
});

Deno.test("serve and identity say the same fingerprint", async () => {
  await using folder = await temporaryFolder();
  const served = await runInProcess(AGENT_PROGRAM, argsIn(folder, { json: "true" }), {
    stop: true,
  });
  const { fingerprint, port } = JSON.parse(served.stdout);
  assert(port > 0);
  const state = ["--state-dir", `${folder.path}/state`];
  const asked = await runInProcess(AGENT_PROGRAM, ["identity", ...state]);
  assertEquals([asked.code, asked.stdout], [0, `${fingerprint}\n`]);
  const asJson = await runInProcess(AGENT_PROGRAM, ["identity", "--json", ...state]);
  assertEquals(JSON.parse(asJson.stdout), { event: "identity", fingerprint });
});

Deno.test("identity says so where there is none", async () => {
  await using folder = await temporaryFolder();
  const run = await runInProcess(AGENT_PROGRAM, ["identity", "--state-dir", folder.path]);
  assertEquals(run.code, 1);
  assertMatch(run.stderr, /there is no identity/);
});

Deno.test("serve takes app and component from a Flux node's variables", async () => {
  await using folder = await temporaryFolder();
  const variables = { FLUX_APP_NAME: "shop" };
  const options = { stop: true, variables };
  const args = argsIn(folder, { json: "true", "component-name": "web" });
  const { app, component } = JSON.parse((await runInProcess(AGENT_PROGRAM, args, options)).stdout);
  assertEquals([app, component], ["shop", "web"]);
});

Deno.test("serve warns where everybody is allowed", async () => {
  await using folder = await temporaryFolder();
  const args = argsIn(folder, { "whitelisted-addresses": "0.0.0.0/0" });
  const run = await runInProcess(AGENT_PROGRAM, args, { stop: true });
  assertEquals(run.code, 0);
  assertMatch(run.stderr, /anybody can put files here/);
});

Deno.test("serve keeps its identity in memory where its state cannot be written", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  await using folder = await temporaryFolder();
  const args = argsIn(folder, { "state-dir": "/proc/fluxvault-state" });
  const run = await runInProcess(AGENT_PROGRAM, args, { stop: true });
  assertEquals(run.code, 0, run.stderr);
  assertMatch(run.stderr, /identity is kept in memory only/);
});

Deno.test("serve says who may speak the original's wire, and warns of it once", async () => {
  await using folder = await temporaryFolder();
  const args = argsIn(folder, { "original-wire": "192.0.2.8,127.0.0.1", "files": "a" });
  const run = await runInProcess(AGENT_PROGRAM, args, { stop: true });
  assertEquals(run.code, 0, run.stderr);
  assertMatch(run.stdout, /may connect {3}127\.0\.0\.1, 192\.0\.2\.8\n/);
  assertMatch(run.stdout, /original wire 192\.0\.2\.8, 127\.0\.0\.1\n/);
  assertEquals(run.stderr.match(/the wire of the original FluxVault is on/g)?.length, 1);
});

Deno.test("serve needs nobody who may connect beside those who speak the original's wire", async () => {
  await using folder = await temporaryFolder();
  const [, ...args] = argsIn(folder, { "original-wire": "192.0.2.8", "files": "a" });
  const run = await runInProcess(AGENT_PROGRAM, args, { stop: true });
  assertEquals(run.code, 0, run.stderr);
  assertMatch(run.stdout, /may connect {3}192\.0\.2\.8\n/);
});

Deno.test("serve does not speak of the original's wire where it is off", async () => {
  await using folder = await temporaryFolder();
  const args = argsIn(folder, { "files": "a".repeat(250) });
  const run = await runInProcess(AGENT_PROGRAM, args, { stop: true });
  assert(!(run.stdout + run.stderr).includes("original"), run.stdout + run.stderr);
});

Deno.test("serve warns where everybody may speak the original's wire", async () => {
  await using folder = await temporaryFolder();
  const args = argsIn(folder, { "original-wire": "::/0", "files": "a" });
  const run = await runInProcess(AGENT_PROGRAM, args, { stop: true });
  assertMatch(run.stderr, /anybody can put files here/);
});

Deno.test("serve warns of a name that is too long for a vault of the original", async () => {
  await using folder = await temporaryFolder();
  const long = `${"a".repeat(250)}/${"b".repeat(250)}/${"c".repeat(250)}`;
  const args = argsIn(folder, { "original-wire": "192.0.2.8", "files": `short,${long}` });
  const run = await runInProcess(AGENT_PROGRAM, args, { stop: true });
  assertEquals(run.stderr.match(/a file name is long/g)?.length, 1);
  assertMatch(run.stderr, /may get a part of the request only file=a{250}/);
});

interface Mistake {
  readonly args: (folder: TemporaryFolder) => string[];
  readonly says: RegExp;
}

const MISTAKES: Readonly<Record<string, Mistake>> = {
  "without anybody who may connect": {
    args: () => [],
    says: /whitelisted-addresses is missing.*hint: Name the addresses/s,
  },
  "with a network that is none": {
    args: (folder) => argsIn(folder, { "whitelisted-addresses": "10.0.0.0/40" }),
    says: /"10\.0\.0\.0\/40" is no network/,
  },
  "with an address for the original's wire that is none": {
    args: (folder) => argsIn(folder, { "original-wire": "10.0.0.0/40", "files": "a" }),
    says: /original-wire cannot be used: "10\.0\.0\.0\/40" is no network.*\(flag --original-wire\)/,
  },
  "with the original's wire and no file to ask for": {
    args: (folder) => argsIn(folder, { "original-wire": "192.0.2.8" }),
    says: /original-wire needs --files: .*hint: Name the files to ask for/s,
  },
  "with a path in --files that leads out": {
    args: (folder) => argsIn(folder, { "files": "../x" }),
    says: /files has a path that has the segment/,
  },
  "with a relative folder for absolute paths": {
    args: (folder) => argsIn(folder, { "allow-absolute": "run/tls" }),
    says: /allow-absolute has "run\/tls"/,
  },
  "with an app name that is none": {
    args: (folder) => argsIn(folder, { "app-name": "my shop" }),
    says: /app-name cannot be used/,
  },
  "with a component name that is none": {
    args: (folder) => argsIn(folder, { "component-name": "a_b" }),
    says: /component-name cannot be used/,
  },
  "with its state inside the working folder": {
    args: (folder) => argsIn(folder, { "state-dir": `${folder.path}/files/state` }),
    says: /state-dir and --working-dir must not be/,
  },
  "with its working folder inside the state": {
    args: (folder) => argsIn(folder, { "working-dir": `${folder.path}/state/files` }),
    says: /state-dir and --working-dir must not be/,
  },
  "with a working folder that cannot be made": {
    args: (folder) => argsIn(folder, { "working-dir": "/dev/null/files" }),
    says: /working-dir names "\/dev\/null\/files", where no file can be put/,
  },
  "with an address that is not this machine's": {
    args: (folder) => argsIn(folder, { "bind-address": "192.0.2.1" }),
    says: /does not have the address/,
  },
  "with a misspelt option": {
    args: (folder) => argsIn(folder, { "bind-prot": "1" }),
    says: /bind-port/,
  },
};

for (const [name, { args, says }] of Object.entries(MISTAKES)) {
  Deno.test(`serve does not start ${name}`, async () => {
    await using folder = await temporaryFolder();
    const run = await runInProcess(AGENT_PROGRAM, args(folder));
    assertMatch(run.stderr, says);
    assertEquals([run.code, run.stdout], [2, ""]);
  });
}

Deno.test("serve does not start beside an agent with the same state", async () => {
  await using folder = await temporaryFolder();
  await Deno.mkdir(`${folder.path}/state`);
  using lock = await Deno.open(`${folder.path}/state/.lock`, { write: true, create: true });
  await lock.lock(true);
  const run = await runInProcess(AGENT_PROGRAM, argsIn(folder));
  assertEquals(run.code, 1);
  assertMatch(run.stderr, /cannot lock.*hint: Stop the other program/s);
});

interface Dependency {
  readonly code?: { readonly specifier?: string };
  readonly isDynamic?: boolean;
}

/** Returns all that is loaded with a module, without what it loads later. */
async function loadedWith(path: string): Promise<string[]> {
  const root = new URL("../../../", import.meta.url);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", new URL(path, root).href],
    cwd: root,
    stdin: "null",
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout));
  const edges = new Map<string, Dependency[]>(
    modules.map(({ specifier, dependencies = [] }: {
      readonly specifier: string;
      readonly dependencies?: Dependency[];
    }) => [specifier, dependencies]),
  );
  const loaded = new Set([new URL(path, root).href]);
  for (const specifier of loaded) {
    for (const { code, isDynamic } of edges.get(specifier) ?? []) {
      if (code?.specifier !== undefined && !isDynamic) loaded.add(code.specifier);
    }
  }
  return [...loaded].map((specifier) => specifier.replace(root.href, ""));
}

Deno.test("serve loads nothing that takes signatures apart where keepers need not sign", async () => {
  const taking = /^flux\/|secp256k1|^agent\/trust\/|^agent\/serve_trust/;
  const loaded = await loadedWith("agent/commands/serve_command.ts");
  assert(loaded.includes("agent/agent.ts"), loaded.join());
  assertEquals(loaded.filter((path) => taking.test(path)), []);
  // The same walk finds it where keepers sign.
  const later = await loadedWith("agent/commands/serve_trust.ts");
  assert(later.some((path) => path.includes("secp256k1")), later.join());
});

Deno.test("serve lets keepers in that sign, and names whose signature counts", async () => {
  await using folder = await temporaryFolder();
  const [, ...args] = argsIn(folder, { "verify-source-address": "false" });
  const address = "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM";
  const signed = ["--signed-vault-connections", `--zelid=${address}`];
  const run = await runInProcess(AGENT_PROGRAM, [...args, ...signed], { stop: true });
  assertEquals(run.code, 0, run.stderr);
  assertMatch(run.stdout, new RegExp(`may connect {3}any address\\nmust sign {5}${address}\\n`));
  assertMatch(run.stderr, /source addresses are not verified: there is no list/);
});

/** Tells when something was written. */
class AwaitedOutput extends MemoryOutput {
  readonly written = Promise.withResolvers<void>();

  override async write(text: string): Promise<void> {
    await super.write(text);
    this.written.resolve();
  }
}

/** Returns which node an agent claims to run on; asks again until it knows. */
async function claimedNode(port: number): Promise<NodeEvidence | null> {
  let node: NodeEvidence | null = null;
  for (let i = 0; i < 100 && node === null; i++) {
    const connection = await dialTcp({ host: "127.0.0.1", port });
    const attempt = handshakeAsKeeper(connection.duplex, {
      policy: ({ claim }) => {
        node = claim.node;
        return "agent-pending";
      },
    });
    await assertRejects(() => attempt, PeerRejectedError, "agent-pending");
    connection.close();
  }
  return node;
}

Deno.test("serve claims the node that says so, as the keeper's operator is shown", async () => {
  await using site = await Site.open({ "db.password": "1" });
  await using node = FakeFluxApi.start();
  await node.useFixture("/hostinfo", "fluxnode_service_hostinfo_ok.json");
  const stop = new AbortController();
  const stdout = new AwaitedOutput();
  const args = argsIn({ path: site.folder }, {
    "json": "true",
    "component-name": "web",
  });
  const context = await serveContext(args, { FLUX_APP_NAME: "vaultdemo" });
  const { signal } = stop;
  const serving = serve({ ...context, stdout, signal, hostInfoUrl: node.url });
  try {
    await Promise.race([stdout.written.promise, serving]);
    const { port, fingerprint } = JSON.parse(stdout.text);
    assertEquals(await claimedNode(port), {
      id: "30661a8caf2463bcfe8524486cfabb47ca284c3c49c8206d4e179a6ec7e4dc8f0",
      ip: "203.0.113.10",
      country: "DE",
    });
    const run = await site.deliver({
      agents: [`127.0.0.1:${port}`],
      args: ["--app-name", "vaultdemo"],
    });
    assertEquals(run.code, 0, run.stderr);
    const folder = ["--state-dir", site.path("keeper-state")];
    const shown = await site.run("keeper", ["agents", "show", fingerprint, ...folder]);
    assertMatch(shown.stdout, /\nnode +203\.0\.113\.10, DE \(unsigned/, shown.stderr);
    assertMatch(shown.stdout, /\ncollateral +30661a8c[0-9a-f]+:0 \(unsigned\)\n/);
  } finally {
    stop.abort();
    await serving;
  }
  assertEquals(node.requests.map(({ path }) => path), ["/hostinfo"]);
});
