import { PeerRejectedError } from "../../protocol/errors.ts";
import {
  composeKeeperStatement,
  composeManifestStatement,
  composePluginStatement,
  isStatement,
  type KeeperProof,
  type ManifestCheck,
  proveKeeper,
  type SignedManifest,
  STATEMENT_SIGNATURE,
  verifyKeeperProof,
  verifyManifest,
} from "../../protocol/statement.ts";
import refusals from "../fixtures/flux/must_refuse_to_sign.json" with { type: "json" };
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";

const SCOPE = { app: "wordpress", component: null, agentDigestHex: "ab".repeat(32) };
const transcript = new Uint8Array(32).fill(0xcd);
const SIGNATURE = "A".repeat(86) + "A=";

Deno.test("composeKeeperStatement writes exactly the text of section 6", () => {
  assertEquals(
    composeKeeperStatement({ ...SCOPE, transcript, issued: 1_700_000_000 }),
    "FluxVault keeper statement\n" +
      "version: 2\n" +
      "app: wordpress\n" +
      "component: -\n" +
      `agent: ${"ab".repeat(32)}\n` +
      `transcript: ${"cd".repeat(32)}\n` +
      "issued: 1700000000\n" +
      "expires: 1700000300",
  );
});

Deno.test("composeManifestStatement writes exactly the text of section 8", () => {
  const digest = new Uint8Array(32).fill(0xef);
  assertEquals(
    composeManifestStatement({ ...SCOPE, revision: 9, issued: 10, expires: 20, digest }),
    "FluxVault keeper manifest\n" +
      "version: 2\n" +
      "app: wordpress\n" +
      "component: -\n" +
      `agent: ${"ab".repeat(32)}\n` +
      "revision: 9\n" +
      "issued: 10\n" +
      "expires: 20\n" +
      `manifest: ${"ef".repeat(32)}`,
  );
});

const PLUGIN = {
  name: "greeter",
  pluginVersion: "1.2.3",
  digest: new Uint8Array(32).fill(0xef),
};

Deno.test("composePluginStatement writes exactly the text of section 14", () => {
  assertEquals(
    composePluginStatement(PLUGIN),
    "FluxVault plugin\n" +
      "version: 2\n" +
      "name: greeter\n" +
      "plugin-version: 1.2.3\n" +
      `digest: ${"ef".repeat(32)}`,
  );
  assert(isStatement(composePluginStatement(PLUGIN)));
});

Deno.test("composePluginStatement refuses what would write a line of its own", () => {
  for (const change of [{ name: "a\nversion: 3" }, { pluginVersion: "1.2" }, { name: "a-b" }]) {
    assertThrows(() => composePluginStatement({ ...PLUGIN, ...change }), RangeError);
  }
  assert(!isStatement(`${composePluginStatement(PLUGIN)}\n`));
});

Deno.test("composeKeeperStatement refuses a name that would write a line of its own", () => {
  for (const app of ["a\nversion: 3", "-", "", "a b", "x".repeat(64)]) {
    const statement = { ...SCOPE, app, transcript, issued: 1 };
    assertThrows(() => composeKeeperStatement(statement), RangeError);
  }
});

Deno.test("STATEMENT_SIGNATURE takes 88 characters of canonical base64 for 65 bytes", () => {
  assert(STATEMENT_SIGNATURE.test(btoa("\xff".repeat(65))));
  const bad = ["", "A".repeat(88), "A".repeat(86) + "B=", "A".repeat(87) + "==", SIGNATURE + "\n"];
  for (const text of bad) assert(!STATEMENT_SIGNATURE.test(text), text);
});

Deno.test("proveKeeper signs the statement and says its times", async () => {
  let signed = "";
  const signer = {
    address: "1abc",
    sign(text: string): Promise<string> {
      signed = text;
      return Promise.resolve(SIGNATURE);
    },
  };
  const proof = await proveKeeper(signer, { ...SCOPE, transcript, issued: 1_000 });
  assertEquals(proof, { address: "1abc", issued: 1_000, expires: 1_300, signature: SIGNATURE });
  assertEquals(signed, composeKeeperStatement({ ...SCOPE, transcript, issued: 1_000 }));
});

const PROOF: KeeperProof = { address: "1", issued: 1_000, expires: 1_300, signature: SIGNATURE };

function check(proof: KeeperProof | null, now: number, isGood = true): Promise<void> {
  return verifyKeeperProof(proof, {
    statement: { ...SCOPE, transcript },
    verify: (text) => {
      assertEquals(text, composeKeeperStatement({ ...SCOPE, transcript, issued: 1_000 }));
      return Promise.resolve(isGood);
    },
    now,
  });
}

Deno.test("verifyKeeperProof takes a proof from 300 s before to 300 s after its issue", async () => {
  for (const now of [700, 1_000, 1_300]) await check(PROOF, now);
  for (const now of [699, 1_301, 0, 2 ** 40]) {
    await assertRejects(() => check(PROOF, now), PeerRejectedError, "statement-expired");
  }
});

Deno.test("verifyKeeperProof refuses another lifetime than 300 s", async () => {
  for (const expires of [1_299, 1_301, 0, 2 ** 52]) {
    const run = () => check({ ...PROOF, expires }, 1_000);
    await assertRejects(run, PeerRejectedError, "statement-expired");
  }
});

Deno.test("verifyKeeperProof refuses no proof, and one that its verifier refuses", async () => {
  await assertRejects(() => check(null, 1_000), PeerRejectedError, "statement-missing");
  await assertRejects(() => check(PROOF, 1_000, false), PeerRejectedError, "statement-invalid");
});

const DIGEST = new Uint8Array(32).fill(0xef);
const STATEMENTS = [
  composeKeeperStatement({ ...SCOPE, transcript, issued: 1_700_000_000 }),
  composeKeeperStatement({ ...SCOPE, app: null, component: "web-2", transcript, issued: 0 }),
  composeManifestStatement({ ...SCOPE, revision: 9, issued: 10, expires: 20, digest: DIGEST }),
];

Deno.test("isStatement knows what this module composes", () => {
  for (const text of STATEMENTS) assert(isStatement(text), text);
});

Deno.test("isStatement refuses what the Flux network takes for a login, an update or worse", () => {
  assertEquals(refusals.cases.length, 6);
  for (const { message } of refusals.cases) {
    assert(!isStatement(message), message);
    for (const text of STATEMENTS) {
      assert(!isStatement(`${message}${text}`) && !isStatement(`${text}\n${message}`), message);
    }
  }
});

Deno.test("isStatement refuses a statement in which any character is another, more or less", () => {
  for (const text of STATEMENTS) {
    for (let i = 0; i < text.length; i++) {
      for (const character of ["", "\n", "\u00e4", `${text[i]}\n`]) {
        const bent = text.slice(0, i) + character + text.slice(i + 1);
        // A number may lose a digit and still be one; nothing else may.
        const isNumber = /^(?:revision|issued|expires): |^version/.test(lineAt(text, i));
        const isShorter = character === "" && isNumber;
        assert(isShorter || bent === text || isNameOnly(text, bent) || !isStatement(bent), bent);
      }
    }
  }
  assert(!isStatement(STATEMENTS[0]?.replace("1700000300", "1700000301") ?? ""));
});

function lineAt(text: string, index: number): string {
  return text.slice(text.lastIndexOf("\n", index - 1) + 1).split("\n")[0] ?? "";
}

/** Tells whether two statements differ in nothing but a well-formed name. */
function isNameOnly(a: string, b: string): boolean {
  const blank = (text: string) => text.replaceAll(/^(app|component): [A-Za-z0-9-]+$/gm, "$1");
  return blank(a) === blank(b);
}

const MANIFEST: SignedManifest = {
  revision: 9,
  issued: 1_000,
  expires: 2_000,
  digest: DIGEST,
  signature: SIGNATURE,
};

function checkManifest(
  change: Partial<SignedManifest> = {},
  check: Partial<ManifestCheck> = {},
): Promise<void> {
  const manifest = { ...MANIFEST, ...change };
  return verifyManifest(manifest, {
    scope: SCOPE,
    now: 1_500,
    lastRevision: 9,
    verify: (text, signature) => {
      const { signature: _, ...statement } = MANIFEST;
      const isSigned = text === composeManifestStatement({ ...SCOPE, ...statement });
      return Promise.resolve(isSigned && signature === SIGNATURE);
    },
    ...check,
  });
}

Deno.test("verifyManifest takes what is signed for this agent, of the last revision or a later one", async () => {
  for (const lastRevision of [0, 8, 9]) await checkManifest({}, { lastRevision });
  for (const now of [0, 1_000, 2_000]) await checkManifest({}, { now });
});

Deno.test("verifyManifest refuses a manifest without a signature", async () => {
  const run = () => checkManifest({ signature: null });
  await assertRejects(run, PeerRejectedError, "statement-missing");
});

Deno.test("verifyManifest refuses a manifest in which anything is other than signed", async () => {
  const other = new Uint8Array(32);
  const changes = [{ revision: 10 }, { issued: 999 }, { expires: 2_001 }, { digest: other }];
  for (const change of changes) {
    await assertRejects(() => checkManifest(change), PeerRejectedError, "statement-invalid");
  }
  const scopes = [{ app: null }, { component: "db" }, { agentDigestHex: "00".repeat(32) }];
  for (const scope of scopes) {
    const run = () => checkManifest({}, { scope: { ...SCOPE, ...scope } });
    await assertRejects(run, PeerRejectedError, "statement-invalid");
  }
});

Deno.test("verifyManifest refuses a manifest that is over, or older than one before it", async () => {
  for (const check of [{ now: 2_001 }, { lastRevision: 10 }]) {
    await assertRejects(() => checkManifest({}, check), PeerRejectedError, "manifest-stale");
  }
});
