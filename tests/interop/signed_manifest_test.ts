/**
 * Signed manifests between our roles and those of the second implementation: each side composes the
 * text for itself, and a real key signs it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { decodeWif, recoverSigner, signMessage } from "../../flux/mod.ts";
import {
  composeManifestStatement,
  deliverAsKeeper,
  MemorySecretStore,
  receiveAsAgent,
  verifyManifest,
} from "../../protocol/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { connect } from "./loopback.ts";
import { openOurAgent, openOurKeeper, sourceOf, theirAgent, utf8, vaultFile } from "./our_ends.ts";
import { openAsAgent, receive, type ReceiveOptions } from "./second_implementation/agent.ts";
import { rawKey } from "./second_implementation/confirmation.ts";
import { deliver, type DeliverOptions, openAsKeeper } from "./second_implementation/keeper.ts";

// The pair is public, for demonstrations.
const KEY = decodeWif("Kwd2NvAavdEjYFWj299R6csDyoFeQsLvH5ZkN1Bb8jQcf1e8Qre7");
const ADDRESS = "1GKugrE8cmw9NysWFJPwszBbETRLwLaLmM";
const NAMES = { app: "myapp", component: "db" };
const REVISION = 1_000;
const NOW = 1_800_000_000;
/** For those who compare the text itself. */
const SIGNATURE = Buffer.alloc(65, 7).toString("base64");

function codeOf(result: PromiseSettledResult<unknown>): string | null {
  return result.status === "rejected" ? result.reason.code : null;
}

/** Lets our keeper deliver to a second agent, which takes the manifest as told. */
async function deliverToThem(
  signed: Partial<NonNullable<ReceiveOptions["signed"]>> = {},
  isSigned = true,
): Promise<(string | null)[]> {
  const theirs = theirAgent(NAMES);
  const source = await sourceOf({ "a": utf8("contents") });
  let text = "";
  let signature = "";
  const [ours, received] = await connect(
    async (duplex) => {
      const session = await openOurKeeper(duplex, NAMES);
      const { agentDigestHex } = session.origin;
      return await deliverAsKeeper(session, source, {
        revision: REVISION,
        sign: !isSigned ? null : async (manifest) => {
          text = composeManifestStatement({ ...manifest, ...NAMES, agentDigestHex });
          return signature = await signMessage(text, KEY);
        },
      });
    },
    async (transport) =>
      await receive(await openAsAgent(transport, theirs), {
        held: new Map(),
        signed: {
          ...NAMES,
          key: rawKey(theirs.identity),
          lastRevision: REVISION,
          verifier: (theirText, by) => theirText === text && by === signature,
          ...signed,
        },
      }),
  );
  assertEquals(isSigned ? await recoverSigner(text, signature) : null, isSigned ? ADDRESS : null);
  return [codeOf(ours), codeOf(received)];
}

Deno.test("our keeper signs the manifest that a second agent takes", async () => {
  assertEquals(await deliverToThem(), [null, null]);
});

Deno.test("our keeper learns why a second agent does not take its manifest", async () => {
  const missing = await deliverToThem({}, false);
  assertEquals(missing, ["statement-missing", "statement-missing"]);
  const stale = await deliverToThem({ lastRevision: REVISION + 1 });
  assertEquals(stale, ["manifest-stale", "manifest-stale"]);
  for (const other of [{ app: "other" }, { component: null }, { key: new Uint8Array(32) }]) {
    assertEquals(await deliverToThem(other), ["statement-invalid", "statement-invalid"]);
  }
});

/** Lets a second keeper deliver to our agent, which takes the manifest as told. */
async function deliverToUs(
  change: Partial<DeliverOptions> = {},
  scope: Partial<NonNullable<DeliverOptions["signing"]>> = {},
): Promise<(string | null)[]> {
  const signed: string[] = [];
  const [ours, theirs] = await connect(
    async (duplex) => {
      const session = await openOurAgent(duplex, NAMES);
      const { agentDigestHex } = session.origin;
      return await receiveAsAgent(session, new MemorySecretStore(), {
        checkManifest: async (message) => {
          await verifyManifest(message, {
            scope: { ...NAMES, agentDigestHex },
            now: NOW,
            lastRevision: REVISION,
            verify: (text, by) => Promise.resolve(signed.includes(text) && by === SIGNATURE),
          });
          return ADDRESS;
        },
      });
    },
    async (transport) => {
      const { session, claim } = await openAsKeeper(transport);
      const sign = (text: string) => {
        signed.push(text);
        return SIGNATURE;
      };
      await deliver(session, {
        files: new Map([["a", vaultFile("contents")]]),
        revision: REVISION,
        times: [NOW, NOW + 1],
        signing: { ...NAMES, key: claim.key, sign, ...scope },
        ...change,
      });
    },
  );
  return [codeOf(ours), codeOf(theirs)];
}

Deno.test("our agent takes the manifest that a second keeper signed", async () => {
  assertEquals(await deliverToUs(), [null, null]);
});

Deno.test("our agent tells a second keeper why it does not take its manifest", async () => {
  assertEquals(await deliverToUs({ revision: REVISION - 1 }), ["manifest-stale", "manifest-stale"]);
  const over = await deliverToUs({ times: [NOW - 2, NOW - 1] });
  assertEquals(over, ["manifest-stale", "manifest-stale"]);
  for (const other of [{ app: "other" }, { component: null }, { key: new Uint8Array(32) }]) {
    assertEquals(await deliverToUs({}, other), ["statement-invalid", "statement-invalid"]);
  }
});
