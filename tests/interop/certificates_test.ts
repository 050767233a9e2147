/**
 * Certificates for applications, between our implementation and the second one: what a manifest declares,
 * what the agent asks for, and what comes of it.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { IssuedRecord, IssuingDesk } from "../../agent/issued/mod.ts";
import {
  deliverAsKeeper,
  MemorySecretStore,
  receiveAsAgent,
  SILENT_LOGGER,
} from "../../protocol/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { ApplicationIssuer } from "../support/application_issuer.ts";
import { connectWell } from "./loopback.ts";
import {
  openOurAgent,
  openOurKeeper,
  outcomes,
  sourceOf,
  theirAgent,
  utf8,
  vaultFile,
} from "./our_ends.ts";
import { openAsAgent, receive } from "./second_implementation/agent.ts";
import { Calls } from "./second_implementation/calls.ts";
import { deliver, openAsKeeper } from "./second_implementation/keeper.ts";
import type { IssuedLine, Line } from "./second_implementation/manifest.ts";

function line(Part: IssuedLine["Part"], Mode: number): IssuedLine {
  const path = { Path: `tls-${Part}.pem`, Kind: "issued", Certificate: "web" } as const;
  return { ...path, Part, Mode, Strategy: "STRICT" };
}

function linesOn(Terms: string): readonly Line[] {
  return [
    { Kind: "certificate", Name: "web", Key: "P-256", Terms },
    ...[line("key", 0o600), line("chain", 0o644), line("root", 0o644)],
  ];
}

const PATHS = ["tls-chain.pem", "tls-key.pem", "tls-root.pem"];

Deno.test("our agent makes a key where a second keeper declares a certificate, and asks once for each of its terms", async () => {
  const issuer = await ApplicationIssuer.create();
  const store = new MemorySecretStore();
  const journal = { known: [], save: () => Promise.resolve() };
  const record = new IssuedRecord(journal, { logger: SILENT_LOGGER });
  const certificates = new IssuingDesk({ record, logger: SILENT_LOGGER, now: Date.now });
  const pass = async (terms: string) => {
    const [report] = await connectWell(
      async (duplex) => await receiveAsAgent(await openOurAgent(duplex), store, { certificates }),
      async (transport) => {
        const { session } = await openAsKeeper(transport);
        const calls = new Calls(session, { certificate: ({ input }) => issuer.answer(input) });
        const files = new Map([["a", vaultFile("1")]]);
        const delivered = await deliver(session, { files, lines: linesOn(terms) });
        await calls.idle();
        return delivered;
      },
    );
    return outcomes(report);
  };
  const text = (path: string) => Buffer.from(store.read(path) ?? new Uint8Array(0)).toString();
  assertEquals(
    await pass("ab".repeat(32)),
    ["a created", ...PATHS.map((path) => `${path} created`)],
  );
  const certificate = new X509Certificate(text("tls-chain.pem"));
  const root = new X509Certificate(text("tls-root.pem"));
  assert(certificate.checkPrivateKey(createPrivateKey(text("tls-key.pem"))));
  assert(root.verify(root.publicKey) && !certificate.verify(root.publicKey));
  const [, intermediate = ""] = text("tls-chain.pem").split(/(?<=-----END CERTIFICATE-----\n)/);
  assert(certificate.verify(new X509Certificate(intermediate).publicKey));
  assert(new X509Certificate(intermediate).verify(root.publicKey));
  assertEquals(
    await pass("ab".repeat(32)),
    ["a unchanged", ...PATHS.map((path) => `${path} unchanged`)],
  );
  assertEquals(issuer.asked.length, 1);
  assertEquals(
    await pass("cd".repeat(32)),
    [
      "a unchanged",
      ...["chain.pem updated", "key.pem updated", "root.pem unchanged"].map((each) => {
        return `tls-${each}`;
      }),
    ],
  );
  assertEquals(issuer.asked.map(({ Purpose, Name }) => [Purpose, Name]), [
    ...[["application", "web"], ["application", "web"]],
  ]);
});

Deno.test("our keeper delivers the rest to a second agent that makes no keys", async () => {
  const plain = await sourceOf({ a: utf8("1") });
  const issued = { kind: "issued", certificate: "web", mode: 0o600, strategy: "STRICT" } as const;
  const source = {
    entries: [...plain.entries, { ...issued, path: "key.pem", part: "key" } as const],
    certificates: [{ name: "web", key: "P-256", terms: "ab".repeat(32) } as const],
    missing: plain.missing,
    open: plain.open.bind(plain),
  };
  const [report] = await connectWell(
    async (duplex) => await deliverAsKeeper(await openOurKeeper(duplex), source, { revision: 1 }),
    async (transport) => {
      return await receive(await openAsAgent(transport, theirAgent()), { held: new Map() });
    },
  );
  assertEquals(report.files, [
    { path: "a", outcome: "created" },
    { path: "key.pem", outcome: "failed", code: "certificate-unsupported" },
  ]);
});
