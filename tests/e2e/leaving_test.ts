/**
 * What the real agent program does with sets, owners, leases and its own end, with the permissions that
 * it ships with.
 *
 * @module
 */
import {
  deliverAsKeeper,
  type DeliverOptions,
  type DeliveryReport,
  type ManifestEntry,
  MemorySecretSource,
} from "../../protocol/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { declare, type Declared } from "../support/disk_delivery.ts";
import { missingForMounts, withMount } from "../support/mounts.ts";
import { startPlainAgent } from "../support/signed_agent.ts";
import { openSignedSession } from "../support/signing.ts";
import { readTree, type RunningAgent, Site } from "../support/site.ts";

const UNIX = Deno.build.os !== "windows";
const IS_ROOT = UNIX && Deno.uid() === 0;
const missing = await missingForMounts();
const skipped = missing === null ? "" : ` (skipped: ${missing})`;

function startAgent(site: Site, ...args: readonly string[]): Promise<RunningAgent> {
  return startPlainAgent(site, { args: ["--whitelisted-addresses", "127.0.0.1", ...args] });
}

/** Delivers what is declared, and returns what the agent says of it. */
async function deliver(
  agent: RunningAgent,
  declared: Declared,
  options: Partial<DeliverOptions> = {},
): Promise<Record<string, string>> {
  const { manifest: { entries }, contents, bytes, message: { digest } } = await declare(declared);
  const files = entries.flatMap((entry) => entry.kind === "file" ? [entry] : []);
  const memory = new MemorySecretSource(files, contents);
  const session = await openSignedSession(agent, { signer: null });
  const source = {
    entries: entries as readonly ManifestEntry[],
    missing: memory.missing,
    open: memory.open.bind(memory),
  };
  const report: DeliveryReport = await deliverAsKeeper(session, source, {
    revision: 1,
    manifest: { bytes, digest },
    ...options,
  });
  return Object.fromEntries(report.files.flatMap(({ path, outcome, code }) => {
    return outcome === "unchanged" ? [] : [[path, code ?? outcome]];
  }));
}

Deno.test("agent: exchanges a set at once, and says what a plan of it comes to", {
  ignore: !UNIX,
}, async () => {
  await using site = await Site.open();
  const agent = await startAgent(site);
  const folders = { tls: { together: true, mode: 0o750 } } as const;
  const first = { files: { "tls/key": "k1", "tls/crt": "c1", "d/extra": "x" }, folders };
  const names = ["d/extra", "tls", "tls/crt", "tls/key"];
  const created = Object.fromEntries(names.map((name) => [name, "created"]));
  assertEquals(await deliver(agent, first), created);
  const link = await Deno.readLink(`${agent.files}/tls`);
  const second = { files: { "tls/key": "k2", "tls/crt": "c1" }, folders };
  const changes = { "tls/key": "updated", "d/extra": "removed", d: "removed" };
  assertEquals(await deliver(agent, second, { isPlan: true }), changes);
  assertEquals(await Deno.readLink(`${agent.files}/tls`), link);
  assertEquals(await deliver(agent, second), changes);
  assert(await Deno.readLink(`${agent.files}/tls`) !== link);
  assertEquals(await Deno.readTextFile(`${agent.files}/tls/key`), "k2");
  assertEquals(await deliver(agent, second), {});
});

Deno.test("agent: gives files and folders to their owners", { ignore: !IS_ROOT }, async () => {
  await using site = await Site.open();
  const agent = await startAgent(site);
  const owner = { uid: 1_234, gid: 2_345 };
  const declared = {
    files: { "d/key": { text: "k", mode: 0o440, ...owner } },
    folders: { d: { mode: 0o550, ...owner } },
  };
  assertEquals(await deliver(agent, declared), { d: "created", "d/key": "created" });
  await Deno.chown(`${agent.files}/d/key`, 0, 0);
  assertEquals(await deliver(agent, declared), { "d/key": "reowned" });
  const { uid, gid, mode } = await Deno.stat(`${agent.files}/d/key`);
  assertEquals([uid, gid, (mode ?? 0) & 0o777], [1_234, 2_345, 0o440]);
});

Deno.test("agent: removes a file whose lease no delivery renews, and no other", async () => {
  await using site = await Site.open();
  const agent = await startAgent(site);
  await deliver(agent, { files: { leased: { text: "1", leaseS: 1 }, "for-good": "2" } });
  await agent.program.waitForLog(/no keeper has renewed/);
  assertEquals(Object.keys(await readTree(agent.files)), ["for-good"]);
});

Deno.test("agent: counts a lease on across a restart", async () => {
  await using site = await Site.open();
  const agent = await startAgent(site);
  // Long enough for the agent to be killed before it is over.
  await deliver(agent, { files: { leased: { text: "1", leaseS: 4 } } });
  await agent.program.stop("SIGKILL");
  const reborn = await startAgent(site);
  await reborn.program.waitForLog(/no keeper has renewed/);
  assertEquals(await readTree(reborn.files), {});
});

Deno.test("agent: leaves nothing that it was given when it is stopped, where it is told so", async () => {
  await using site = await Site.open();
  const agent = await startAgent(site, "--wipe-on-exit");
  const once = { text: "once", strategy: "ENSURE_CREATED" } as const;
  await deliver(agent, { files: { "d/a": "1", "d/once": once, b: "2" } });
  await Deno.writeTextFile(`${agent.files}/theirs`, "x");
  const { code } = await agent.program.stop();
  assertEquals([code, Object.keys(await readTree(agent.files))], [0, ["theirs"]]);
  // The attack: whoever finds the state learns no digest of a secret from it.
  const left = await readTree(agent.state);
  assertEquals(Object.keys(left).filter((name) => name === "manifest"), []);
  const reborn = await startAgent(site);
  assertEquals(await deliver(reborn, { files: { b: "2" } }), { b: "created" });
});

Deno.test("agent: removes all that it was ever given when a keeper says so", async () => {
  await using site = await Site.open();
  const agent = await startAgent(site);
  await deliver(agent, { files: { "d/a": "1", b: "2" } });
  assertEquals(await deliver(agent, { isWipe: true }), {
    b: "removed",
    d: "removed",
    "d/a": "removed",
  });
  assertEquals(await readTree(agent.files), {});
  assertEquals(await deliver(agent, { isWipe: true }), {});
});

Deno.test(`agent: takes no disk for memory, and says which files it did not take${skipped}`, {
  ignore: missing !== null,
}, async () => {
  await using site = await Site.open();
  const files = site.path("agent/files");
  await Deno.mkdir(files, { recursive: true });
  const folders = ["--working-dir", files, "--state-dir", site.path("agent/state")];
  const args = ["--whitelisted-addresses", "127.0.0.1", "--require-tmpfs"];
  await withMount(["-t", "tmpfs", "-o", "mode=700", "tmpfs", files], async () => {
    const agent = await startAgent(site, "--require-tmpfs", "--allow-absolute", site.path("disk"));
    const outside = site.path("disk/a");
    assertEquals(await deliver(agent, { files: { a: "1", [outside]: "2" } }), {
      a: "created",
      [outside]: "not-on-tmpfs",
    });
    await agent.program.stop();
  });
  const end = await site.run("agent", [...args, "--bind-port", "0", ...folders]);
  assertEquals(end.code, 2);
  assertMatch(end.stderr, /--require-tmpfs.*\n.*hint: Mount a tmpfs/);
});
