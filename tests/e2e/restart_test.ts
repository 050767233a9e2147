/**
 * What the real agent program vouches for after a restart, before any keeper has come.
 *
 * @module
 */
import { writeManifestFile } from "../../agent/disk/state/manifest_file.ts";
import { encodeManifest } from "../../protocol/manifest.ts";
import type { ManifestMessage } from "../../protocol/messages.ts";
import { composeManifestStatement } from "../../protocol/statement.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { FakeFluxApi } from "../support/fake_flux_api.ts";
import { type JsonLine, jsonLines } from "../support/followed_process.ts";
import {
  endsOf,
  restoredLine,
  type SignedAgentStart,
  startPlainAgent,
  startSignedAgent,
  tryDelivery,
} from "../support/signed_agent.ts";
import { deliverSigned, openSignedSession, signerOf } from "../support/signing.ts";
import { modeOf, type RunningAgent, Site } from "../support/site.ts";

const SIGNER = signerOf();
const FILES = { "db.password": "one", "tls/key": "two", "big": "x".repeat(3_000_000) };
const START: SignedAgentStart = {
  zelids: [SIGNER.address],
  args: ["--app-name", "shop", "--component-name", "web"],
};

/** Starts an agent, gives it files, and stops it. */
async function fill(
  site: Site,
  { start = START, files = FILES, revision = 1 }: {
    readonly start?: SignedAgentStart;
    readonly files?: Readonly<Record<string, string>>;
    readonly revision?: number;
  } = {},
): Promise<RunningAgent> {
  const agent = await startSignedAgent(site, start);
  await deliverSigned(agent, files, { signer: SIGNER, revision });
  await agent.program.stop();
  return agent;
}

/** Starts the agent once more and returns what it says that it vouches for. */
async function restart(
  site: Site,
  start: SignedAgentStart = START,
): Promise<{ readonly agent: RunningAgent; readonly restored: JsonLine }> {
  const agent = await startSignedAgent(site, start);
  return { agent, restored: await restoredLine(agent) };
}

Deno.test("agent: vouches for nothing at its first start", async () => {
  await using site = await Site.open();
  const { restored } = await restart(site);
  assertEquals(restored, {
    event: "restored",
    vouched: false,
    reason: "no-manifest",
    revision: null,
    files: 0,
    changed: [],
  });
});

Deno.test("agent: vouches after a restart for what it was given, without its keeper", async () => {
  await using site = await Site.open();
  const filled = await fill(site, { revision: 42 });
  assertEquals(await modeOf(`${filled.state}/revisions.json`), 0o600);
  const { agent, restored } = await restart(site);
  assertEquals(restored, {
    event: "restored",
    vouched: true,
    reason: null,
    revision: 42,
    files: 3,
    changed: [],
  });
  await agent.program.waitForLog(/vouching for what was kept: every file is as declared/);
});

Deno.test("agent: names what is no longer as it was given, and puts it back at the next contact", async () => {
  await using site = await Site.open();
  const filled = await fill(site);
  await Deno.writeTextFile(`${filled.files}/db.password`, "ONE");
  await Deno.remove(`${filled.files}/big`);
  const { agent, restored } = await restart(site);
  const { vouched, reason, files, changed } = restored;
  assertEquals([vouched, reason, files, changed], [true, null, 3, ["big", "db.password"]]);
  const report = await deliverSigned(agent, FILES, { signer: SIGNER });
  assertEquals(endsOf(report), {
    "big": "created",
    "db.password": "updated",
    "tls/key": "unchanged",
  });
  assertEquals(await Deno.readTextFile(`${agent.files}/db.password`), "one");
  await agent.program.stop();
  const again = await restart(site);
  assertEquals([again.restored.vouched, again.restored.changed], [true, []]);
});

Deno.test(
  "agent: tells other permissions as a change",
  { ignore: Deno.build.os === "windows" },
  async () => {
    await using site = await Site.open();
    const filled = await fill(site);
    await Deno.chmod(`${filled.files}/tls/key`, 0o644);
    const { restored } = await restart(site);
    assertEquals(restored.changed, ["tls/key"]);
  },
);

Deno.test("agent: says what it vouches for to a person too", async () => {
  await using site = await Site.open();
  const { files, state } = await fill(site);
  const program = site.start("agent", [
    ...["--signed-vault-connections", "--zelid", SIGNER.address, ...START.args ?? []],
    ...["--bind-address", "127.0.0.1", "--bind-port", "0"],
    ...["--working-dir", files, "--state-dir", state],
  ]);
  await program.waitFor(() =>
    /^vouches for {3}3 files as declared$/m.test(program.stdout) || undefined
  );
  assertMatch(program.stdout, new RegExp(`^must sign {5}${SIGNER.address}$`, "m"));
});

Deno.test("agent: does not vouch for a manifest that was not signed, nor refuse it", async () => {
  await using site = await Site.open();
  const agent = await startSignedAgent(site, START);
  const unsigned = { signer: SIGNER, manifestSigner: null };
  assertEquals(await tryDelivery(agent, FILES, unsigned), "delivered");
  await agent.program.stop();
  const { restored } = await restart(site);
  assertEquals([restored.vouched, restored.reason], [false, "unsigned"]);
});

/** Changes the header of the manifest that an agent keeps. */
async function bendHeader(
  agent: RunningAgent,
  bend: (header: JsonLine) => JsonLine,
): Promise<void> {
  const path = `${agent.state}/manifest`;
  const [head = "", ...lines] = (await Deno.readTextFile(path)).split("\n");
  await Deno.writeTextFile(path, [JSON.stringify(bend(JSON.parse(head))), ...lines].join("\n"));
}

const FORGERIES: Readonly<Record<string, (header: JsonLine) => JsonLine>> = {
  "given a later end": (header) => ({ ...header, expires: header.expires + 86_400 }),
  "given another revision": (header) => ({ ...header, revision: header.revision + 1 }),
  "given another signature": (header) => ({
    ...header,
    signature: `${"A".repeat(86)}A=`,
  }),
};

for (const [what, bend] of Object.entries(FORGERIES)) {
  Deno.test(`agent: does not vouch for a manifest that was ${what} on the disk`, async () => {
    await using site = await Site.open();
    await bendHeader(await fill(site), bend);
    const { agent, restored } = await restart(site);
    assertEquals([restored.vouched, restored.reason], [false, "forged"]);
    assertEquals(await tryDelivery(agent, FILES, { signer: SIGNER }), "delivered");
  });
}

/** Keeps a manifest of no file, signed as told, in the state of an agent. */
async function plant(
  agent: RunningAgent,
  { agentDigestHex, ...times }: {
    readonly agentDigestHex: string;
    readonly issued: number;
    readonly expires: number;
  },
): Promise<void> {
  const { bytes, digest } = await encodeManifest([]);
  const scope = { app: "shop", component: "web", agentDigestHex };
  const signature = await SIGNER.sign(
    composeManifestStatement({ revision: 1, digest, ...times, ...scope }),
  );
  const message: ManifestMessage = {
    state: "MANIFEST",
    id: 0,
    revision: 1,
    digest,
    size: bytes.length,
    signature,
    ...times,
  };
  const manifest = { entries: [], hooks: [], isWipe: false };
  await writeManifestFile(agent.state, { message, bytes, manifest, declaredBy: null });
}

async function digestHexOf(agent: RunningAgent): Promise<string> {
  const session = await openSignedSession(agent, { signer: SIGNER });
  await session.close();
  return session.origin.agentDigestHex;
}

const NOW = Math.floor(Date.now() / 1_000);

Deno.test("agent: does not vouch for a manifest past its time, nor for one of another agent", async () => {
  await using site = await Site.open();
  const agent = await startSignedAgent(site, START);
  const agentDigestHex = await digestHexOf(agent);
  await agent.program.stop();
  const plants: readonly (readonly [Parameters<typeof plant>[1], string | null])[] = [
    [{ agentDigestHex, issued: NOW - 100, expires: NOW + 3_600 }, null],
    [{ agentDigestHex, issued: NOW - 100, expires: NOW - 1 }, "expired"],
    [{ agentDigestHex: "ab".repeat(32), issued: NOW - 100, expires: NOW + 3_600 }, "forged"],
  ];
  for (const [planted, reason] of plants) {
    await plant(agent, planted);
    const { agent: next, restored } = await restart(site);
    assertEquals([restored.vouched, restored.reason], [reason === null, reason]);
    await next.program.stop();
  }
});

Deno.test("agent: does not vouch for what belongs to another app or component than its own", async () => {
  await using site = await Site.open();
  await fill(site);
  const renamed = ["--app-name", "shop", "--component-name", "db"];
  const { restored } = await restart(site, { ...START, args: renamed });
  assertEquals([restored.vouched, restored.reason], [false, "forged"]);
});

Deno.test("agent: notices that an earlier manifest was put back, on the disk and by a keeper", async () => {
  await using site = await Site.open();
  const first = await fill(site, { revision: 1 });
  const earlier = await Deno.readFile(`${first.state}/manifest`);
  const changed = { ...FILES, "db.password": "changed" };
  await fill(site, { files: changed, revision: 2 });
  await Deno.writeFile(`${first.state}/manifest`, earlier);
  const { agent, restored } = await restart(site);
  assertEquals([restored.vouched, restored.reason, restored.revision], [false, "stale", 1]);
  // The attack: what the keeper signed for this agent in earlier days, in a session of now.
  const old = { signer: SIGNER, revision: 1 };
  assertEquals(await tryDelivery(agent, FILES, old), "manifest-stale");
  assertEquals(await Deno.readTextFile(`${agent.files}/db.password`), "changed");
  assertEquals(await tryDelivery(agent, changed, { signer: SIGNER, revision: 2 }), "delivered");
});

const BAD_MANIFESTS: Readonly<Record<string, (text: string) => string>> = {
  "another agent": (text) => text.replace(/agent: [0-9a-f]{64}/, `agent: ${"ab".repeat(32)}`),
  "another app": (text) => text.replace(/app: shop/, "app: shop2"),
  "other contents": (text) => text.replace(/manifest: ../, "manifest: 00"),
};

Deno.test("agent: refuses a manifest that is signed for something else, and keeps nothing of it", async () => {
  await using site = await Site.open();
  const agent = await startSignedAgent(site, START);
  for (const [what, bend] of Object.entries(BAD_MANIFESTS)) {
    const outcome = await tryDelivery(agent, FILES, { signer: SIGNER, bend });
    assertEquals(outcome, "statement-invalid", what);
  }
  const stranger = { signer: SIGNER, manifestSigner: signerOf() };
  assertEquals(await tryDelivery(agent, FILES, stranger), "statement-invalid");
  const over = { signer: SIGNER, lifetimeS: -3_600 };
  assertEquals(await tryDelivery(agent, FILES, over), "manifest-stale");
  await agent.program.stop();
  const { restored } = await restart(site);
  assertEquals(restored.reason, "no-manifest");
});

Deno.test("agent: writes a manifest anew where it lasts longer, and not each time", async () => {
  await using site = await Site.open();
  const agent = await startSignedAgent(site, START);
  const inodeAfter = async (lifetimeS: number, revision = 1) => {
    await deliverSigned(agent, FILES, { signer: SIGNER, lifetimeS, revision });
    return (await Deno.stat(`${agent.state}/manifest`)).ino;
  };
  const first = await inodeAfter(3_600);
  assertEquals(await inodeAfter(3_600), first);
  const renewed = await inodeAfter(86_400);
  assert(renewed !== first);
  assertEquals(await inodeAfter(86_400), renewed);
  assert(await inodeAfter(86_400, 2) !== renewed);
});

Deno.test("agent: knows after a restart who owns its app, and needs no network for it", async () => {
  await using site = await Site.open();
  const api = FakeFluxApi.start();
  api.setOwner("shop", SIGNER.address);
  const args = [...START.args ?? [], "--flux-api", api.url];
  const start = { args };
  await fill(site, { start });
  await api.stop();
  const { restored } = await restart(site, start);
  assertEquals([restored.vouched, restored.changed], [true, []]);
});

Deno.test("agent: vouches for nothing while it does not know who owns its app", async () => {
  await using site = await Site.open();
  await fill(site);
  await using api = FakeFluxApi.start();
  api.answerAlways({ status: 503 });
  const args = [...START.args ?? [], "--flux-api", api.url];
  const { restored } = await restart(site, { args });
  assertEquals([restored.vouched, restored.reason, restored.files], [false, "owner-unknown", 3]);
});

Deno.test("agent: does not start where what it knows of owners or revisions is damaged", async () => {
  await using site = await Site.open();
  const { state } = await fill(site);
  await Deno.writeTextFile(`${state}/revisions.json`, "{}");
  const args = ["--bind-address", "127.0.0.1", "--bind-port", "0", "--state-dir", state];
  const asked = ["--working-dir", site.path("agent/files"), "--signed-vault-connections"];
  const end = await site.run("agent", [...args, ...asked, "--zelid", SIGNER.address]);
  assertEquals([end.code, end.stdout], [1, ""]);
  assertMatch(end.stderr, /revisions\.json.* is not as it was written[^]*hint: Restore it/);
});

Deno.test("agent: says nothing of all that where keepers need not sign", async () => {
  await using site = await Site.open();
  const start = { args: ["--whitelisted-addresses", "127.0.0.1"] };
  for (let i = 0; i < 2; i++) {
    const agent = await startPlainAgent(site, start);
    assertEquals(await tryDelivery(agent, FILES, { signer: null }), "delivered");
    const { stdout, stderr } = await agent.program.stop();
    assertEquals(jsonLines(stdout).map(({ event }) => event), ["listening", "delivery"]);
    assert(!/vouch|restored|owner/.test(stdout + stderr), stderr);
    const names = [];
    for await (const { name } of Deno.readDir(agent.state)) names.push(name);
    assertEquals(names.sort(), [".lock", "identity.json", "inventory", "manifest"]);
  }
});
