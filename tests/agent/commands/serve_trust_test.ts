import { loadIdentity } from "../../../agent/identity_file.ts";
import { openTrust, type Trust, type TrustParts } from "../../../agent/commands/serve_trust.ts";
import type { RestoredState } from "../../../agent/trust/mod.ts";
import { ConfigError, PeerRejectedError, StorageError } from "../../../protocol/errors.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";
import { DiskYard } from "../../support/disk_yard.ts";
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
  api.setOwner("shop", SIGNER.address);
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

Deno.test("openTrust keeps the owner in memory where there is no folder of state", async () => {
  await using yard = await DiskYard.make();
  await using api = FakeFluxApi.start();
  api.setOwner("shop", SIGNER.address);
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
