import { writeManifestFile } from "../../../agent/disk/state/manifest_file.ts";
import { loadIdentity } from "../../../agent/identity_file.ts";
import { openTrust, type Trust, type TrustParts } from "../../../agent/commands/serve_trust.ts";
import type { RestoredState } from "../../../agent/trust/mod.ts";
import { ConfigError, PeerRejectedError, StorageError } from "../../../protocol/errors.ts";
import { composeManifestStatement, encodeHex, sha256Digest } from "../../../protocol/mod.ts";
import { encodeManifest } from "../../../protocol/manifest.ts";
import type { ManifestMessage } from "../../../protocol/messages.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { DiskYard } from "../../support/disk_yard.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { FakeFluxApi } from "../../support/fake_flux_api.ts";
import { serveContext } from "../../support/serve_context.ts";
import { signerOf } from "../../support/signing.ts";

const SIGNER = signerOf();
const TEXT = "a statement that was composed";

async function partsIn(yard: DiskYard, changes: Partial<TrustParts> = {}): Promise<TrustParts> {
  return {
    signers: [SIGNER.address],
    names: { app: "shop", component: "web", notes: [] },
    identity: await loadIdentity(null),
    stateFolder: yard.path("state"),
    store: await yard.open(),
    ...changes,
  };
}

/** Says who owns the app, and that its data is replicated to folders that lead nowhere here. */
function setApp(api: FakeFluxApi, folder = "/data"): void {
  api.setOwner("shop", SIGNER.address);
  const component = { name: "web", ports: [1], containerPorts: [1], containerData: `g:${folder}` };
  api.setSpecification("shop", { version: 8, name: "shop", instances: 3, compose: [component] });
}

function isAccepted({ agentOptions }: Trust): Promise<boolean | undefined> {
  return SIGNER.sign(TEXT).then((signature) => agentOptions.verifyStatement?.(TEXT, signature));
}

/** Runs to its end and returns what it says that it vouches for. */
async function runToEnd(trust: Trust): Promise<RestoredState[]> {
  const states: RestoredState[] = [];
  await trust.run({
    signal: new AbortController().signal,
    onRestored: (state) => Promise.resolve(void states.push(state)),
  });
  return states;
}

Deno.test("openTrust trusts the addresses that it is told, and asks nobody", async () => {
  await using yard = await DiskYard.make();
  const trust = await openTrust(await serveContext([]), await partsIn(yard));
  assertEquals(await isAccepted(trust), true);
  const states = await runToEnd(trust);
  assertEquals(states, [{ isVouched: false, reason: "no-manifest", manifest: null }]);
});

Deno.test("openTrust keeps the owner that it found out, for that app and no other", async () => {
  await using yard = await DiskYard.make();
  await using api = FakeFluxApi.start();
  setApp(api);
  const context = await serveContext([`--flux-api=${api.url}`]);
  const trust = await openTrust(context, await partsIn(yard, { signers: "owner" }));
  await assertRejects(() => isAccepted(trust), PeerRejectedError, "owner-unknown");
  await runToEnd(trust);
  assertEquals(await isAccepted(trust), true);

  // FluxOS takes the two spellings for one app.
  const names = { app: "Shop", component: "web", notes: [] };
  const again = await openTrust(context, await partsIn(yard, { signers: "owner", names }));
  assertEquals(await isAccepted(again), true);

  const others = { app: "other", component: "web", notes: [] };
  const other = await openTrust(
    context,
    await partsIn(yard, { signers: "owner", names: others }),
  );
  await assertRejects(() => isAccepted(other), PeerRejectedError, "owner-unknown");
});

Deno.test("openTrust warns of a replicated state also where the owner is known before", async () => {
  await using yard = await DiskYard.make();
  await using api = FakeFluxApi.start();
  setApp(api, yard.path("state"));
  const clock = new FakeClock();
  const context = await serveContext([`--flux-api=${api.url}`]);
  // The client asks twice by itself; only then has the question failed.
  const path = "/apps/appspecifications/shop";
  api.failNext(path, 2);
  const isPausing = Promise.withResolvers<void>();
  const delay = (durationMs: number, signal?: AbortSignal) => {
    // The pauses of the client are not what is tested.
    if (durationMs < 2_500) return Promise.resolve();
    isPausing.resolve();
    return clock.delay(durationMs, signal ?? new AbortController().signal);
  };
  const trust = await openTrust({ ...context, delay }, await partsIn(yard, { signers: "owner" }));
  const ending = runToEnd(trust);
  await Promise.race([isPausing.promise, ending]);
  assertEquals(await isAccepted(trust), true);
  assertEquals(context.logger.messages("warn"), []);
  clock.advance(5_000);
  await ending;
  assertMatch(context.logger.messages("warn").join(), /state folder lies in a volume/);
  assertEquals(api.requests.filter((request) => request.path === path).length, 3);
});

Deno.test("openTrust asks nothing of a network where the owner was found before", async () => {
  await using yard = await DiskYard.make();
  await using api = FakeFluxApi.start();
  setApp(api);
  const context = await serveContext([`--flux-api=${api.url}`]);
  for (let start = 0; start < 2; start++) {
    const parts = await partsIn(yard, { signers: "owner" });
    await runToEnd(await openTrust(context, parts));
  }
  assertEquals(api.requests.length, 3, "the owner twice and the specification once");
});

Deno.test("openTrust keeps the owner in memory where there is no folder of state", async () => {
  await using yard = await DiskYard.make();
  await using api = FakeFluxApi.start();
  setApp(api);
  const context = await serveContext([`--flux-api=${api.url}`]);
  const parts = await partsIn(yard, { signers: "owner", stateFolder: null });
  const trust = await openTrust(context, parts);
  await runToEnd(trust);
  assertEquals(await isAccepted(trust), true);
  assertEquals((await yard.tree("state")).length, 1);
});

Deno.test("openTrust says nothing of what it kept once the agent stops", async () => {
  await using yard = await DiskYard.make();
  const trust = await openTrust(await serveContext([]), await partsIn(yard));
  const onRestored = () => Promise.reject(new Error("it was told"));
  await trust.run({ signal: AbortSignal.abort(), onRestored });
});

/** Keeps what a keeper signed for this agent, as a delivery before a restart would have. */
async function keepSigned(yard: DiskYard, parts: TrustParts): Promise<ManifestMessage> {
  const { app, component } = parts.names;
  const { bytes, digest } = await encodeManifest([]);
  const issued = Math.floor(Date.now() / 1_000);
  const statement = { revision: 7, issued, expires: issued + 3_600, digest };
  const agentDigestHex = encodeHex(await sha256Digest(parts.identity.identity.publicKey));
  const signature = await SIGNER.sign(
    composeManifestStatement({ ...statement, app, component, agentDigestHex }),
  );
  const message: ManifestMessage = {
    state: "MANIFEST",
    id: 0,
    size: bytes.length,
    ...statement,
    signature,
  };
  const manifest = { entries: [], hooks: [], isWipe: false };
  await writeManifestFile(yard.path("state"), { message, bytes, manifest, declaredBy: null });
  return message;
}

Deno.test("openTrust vouches for what was kept, unless a keeper came first", async () => {
  for (const isFirst of [false, true]) {
    await using yard = await DiskYard.make();
    const before = await partsIn(yard);
    const message = await keepSigned(yard, before);
    const trust = await openTrust(await serveContext([]), { ...before, store: await yard.open() });
    if (isFirst) await trust.agentOptions.checkManifest?.(message);
    const states = (await runToEnd(trust)).map((state) => state.isVouched || state.reason);
    assertEquals(states, [isFirst ? "superseded" : true]);
  }
});

Deno.test("openTrust lets no keeper come first whose manifest it refuses", async () => {
  await using yard = await DiskYard.make();
  const before = await partsIn(yard);
  const message = await keepSigned(yard, before);
  const trust = await openTrust(await serveContext([]), { ...before, store: await yard.open() });
  const forged = { ...message, revision: 8 };
  const refused = () => Promise.resolve(trust.agentOptions.checkManifest?.(forged));
  await assertRejects(refused, PeerRejectedError, "statement-invalid");
  assertEquals((await runToEnd(trust))[0]?.isVouched, true);
});

const MISTAKES: readonly (readonly [string, readonly string[], string | null, RegExp])[] = [
  ["without an app", [], null, /--zelid is missing/],
  ["with an app that Flux cannot have", [], "zelshop", /--app-name cannot be "zelshop"/],
  ["with an API that is none", ["--flux-api=example.org"], "shop", /--flux-api holds what is no/],
  ["with an API that has a user", ["--flux-api=http://u:p@a"], "shop", /--flux-api holds what/],
];

for (const [what, args, app, message] of MISTAKES) {
  Deno.test(`openTrust refuses to look for an owner ${what}`, async () => {
    await using yard = await DiskYard.make();
    const context = await serveContext(args);
    const names = { app, component: null, notes: [] };
    const parts = await partsIn(yard, { signers: "owner", names });
    const error = await assertRejects(() => openTrust(context, parts), ConfigError);
    assertMatch(error.message, message);
    assert(error.hint !== undefined);
  });
}

Deno.test("openTrust does not go on with an owner or revisions that are damaged", async () => {
  for (const [name, signers] of [["owner.json", "owner"], ["revisions.json", []]] as const) {
    await using yard = await DiskYard.make();
    await Deno.writeTextFile(yard.path(`state/${name}`), "{}");
    const context = await serveContext([]);
    const parts = await partsIn(yard, { signers });
    await assertRejects(() => openTrust(context, parts), StorageError, "state-malformed");
  }
});
