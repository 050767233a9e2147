import { ManifestGuard } from "../../../agent/trust/manifest_guard.ts";
import { RevisionMemory } from "../../../agent/trust/revision_memory.ts";
import { fixedSigners } from "../../../agent/trust/trusted_signers.ts";
import { recoverSigner } from "../../../flux/mod.ts";
import { PeerRejectedError, type RejectionCode } from "../../../protocol/errors.ts";
import type { ManifestMessage } from "../../../protocol/messages.ts";
import { composeManifestStatement, type StatementScope } from "../../../protocol/statement.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { signerOf } from "../../support/signing.ts";

const CLOCK = new FakeClock();
const NOW = Math.floor(CLOCK.now() / 1_000);
const SCOPE: StatementScope = { app: "shop", component: "web", agentDigestHex: "ab".repeat(32) };
const SIGNER = signerOf();
const UNSIGNED: ManifestMessage = {
  state: "MANIFEST",
  id: 0,
  revision: 10,
  issued: NOW,
  expires: NOW + 60,
  digest: new Uint8Array(32).fill(3),
  size: 1,
  signature: null,
};

async function sign(
  changes: Partial<ManifestMessage> = {},
  { signer = SIGNER, scope = SCOPE } = {},
): Promise<ManifestMessage> {
  const message = { ...UNSIGNED, ...changes };
  const text = composeManifestStatement({ ...message, ...scope });
  return { ...message, signature: await signer.sign(text) };
}

function guardOf(revisions = new RevisionMemory(), addresses: string[] | null = [SIGNER.address]) {
  return new ManifestGuard({
    scope: SCOPE,
    signers: addresses === null
      ? { addresses: () => Promise.resolve(null) }
      : fixedSigners(addresses),
    recover: recoverSigner,
    revisions,
    now: CLOCK.now,
  });
}

Deno.test("ManifestGuard.check returns who signed", async () => {
  assertEquals(await guardOf().check(await sign()), SIGNER.address);
});

Deno.test("ManifestGuard.admit remembers the revision of what it lets pass", async () => {
  const revisions = new RevisionMemory();
  const guard = guardOf(revisions);
  await guard.admit(await sign());
  assertEquals(revisions.of(SIGNER.address), 10);
  // The same comes with every session; only less is refused.
  await guard.admit(await sign({ issued: NOW + 1 }));
  await guard.admit(await sign({ revision: 11 }));
  const older = await sign();
  await assertRejects(() => guard.admit(older), PeerRejectedError, "manifest-stale");
  assertEquals(revisions.of(SIGNER.address), 11);
});

Deno.test("ManifestGuard.admit lets an unsigned manifest pass and remembers nothing", async () => {
  const revisions = new RevisionMemory({ known: [[SIGNER.address, 99]] });
  await guardOf(revisions).admit(UNSIGNED);
  assertEquals(revisions.of(SIGNER.address), 99);
});

Deno.test("ManifestGuard.admit counts the revisions of each signer apart", async () => {
  const other = signerOf();
  const revisions = new RevisionMemory({ known: [[SIGNER.address, 99]] });
  const guard = guardOf(revisions, [SIGNER.address, other.address]);
  await guard.admit(await sign({}, { signer: other }));
  assertEquals([revisions.of(SIGNER.address), revisions.of(other.address)], [99, 10]);
});

const OTHER_SCOPES: Readonly<Record<string, Partial<StatementScope>>> = {
  "another app": { app: "shop2" },
  "another component": { component: null },
  "another agent": { agentDigestHex: "cd".repeat(32) },
};

for (const [whom, scope] of Object.entries(OTHER_SCOPES)) {
  Deno.test(`ManifestGuard.admit refuses a manifest that was signed for ${whom}`, async () => {
    const revisions = new RevisionMemory();
    const message = await sign({}, { scope: { ...SCOPE, ...scope } });
    const run = () => guardOf(revisions).admit(message);
    await assertRejects(run, PeerRejectedError, "statement-invalid");
    assertEquals(revisions.of(SIGNER.address), 0);
  });
}

const FORGERIES: Readonly<Record<string, (signed: ManifestMessage) => ManifestMessage>> = {
  "another digest": (signed) => ({ ...signed, digest: new Uint8Array(32) }),
  "a later end": (signed) => ({ ...signed, expires: signed.expires + 1 }),
  "another time of issue": (signed) => ({ ...signed, issued: signed.issued + 1 }),
  "a higher revision": (signed) => ({ ...signed, revision: signed.revision + 1 }),
};

for (const [what, forge] of Object.entries(FORGERIES)) {
  Deno.test(`ManifestGuard.admit refuses a manifest that was given ${what}`, async () => {
    const message = forge(await sign());
    await assertRejects(() => guardOf().admit(message), PeerRejectedError, "statement-invalid");
  });
}

const REFUSALS: Readonly<Record<string, [RejectionCode, () => Promise<ManifestMessage>]>> = {
  "is not signed": ["statement-missing", () => Promise.resolve(UNSIGNED)],
  "a stranger signed": ["statement-invalid", () => sign({}, { signer: signerOf() })],
  "is past its time": ["manifest-stale", () => sign({ expires: NOW - 1 })],
};

for (const [what, [code, make]] of Object.entries(REFUSALS)) {
  Deno.test(`ManifestGuard.check refuses a manifest that ${what}`, async () => {
    const message = await make();
    await assertRejects(() => guardOf().check(message), PeerRejectedError, code);
  });
}

Deno.test("ManifestGuard.check refuses all while nobody's signature counts", async () => {
  const message = await sign();
  const guard = guardOf(new RevisionMemory(), null);
  await assertRejects(() => guard.check(message), PeerRejectedError, "owner-unknown");
});
