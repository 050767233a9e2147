import { openIssuedJournal } from "../../../agent/issued/issued_file.ts";
import { IssuedRecord } from "../../../agent/issued/issued_record.ts";
import { IssuingDesk } from "../../../agent/issued/issuing_desk.ts";
import { decodeUtf8, encodeHex } from "../../../protocol/bytes.ts";
import { type Action, CallError, UNKNOWN_ACTION } from "../../../protocol/calls/mod.ts";
import { CertificateError, type IssuedContents } from "../../../protocol/certificate_desk.ts";
import { decodeBase64 } from "../../../protocol/certificates/mod.ts";
import { sha256Digest } from "../../../protocol/digest.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import { deliverAsKeeper } from "../../../protocol/deliver_as_keeper.ts";
import { recallIssued } from "../../../protocol/issued_files.ts";
import type {
  CertificateKey,
  DeclaredCertificate,
  FileEntry,
  ManifestEntry,
} from "../../../protocol/manifest_entry.ts";
import { receiveAsAgent } from "../../../protocol/receive_as_agent.ts";
import { DiskSecretStore } from "../../../agent/disk/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { ApplicationIssuer } from "../../support/application_issuer.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { HAS_OPENSSL, runOpenssl } from "../../support/openssl_program.ts";
import { openSessionPair } from "../../support/session_pair.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";

const ISSUER = await ApplicationIssuer.create();
const HOUR_MS = 3_600_000;

function web(key: CertificateKey = "P-256"): DeclaredCertificate {
  return { name: "web", key, terms: "ab".repeat(32) };
}

async function openDesk(now: () => number = Date.now) {
  const logger = new MemoryLogger();
  const record = new IssuedRecord(await openIssuedJournal(null, logger), { logger });
  return { desk: new IssuingDesk({ record, logger, now }), logger };
}

function order(call: (input: unknown) => Promise<unknown> = ISSUER.answer) {
  ISSUER.says = {};
  ISSUER.code = null;
  return { declaredBy: null, call };
}

const KEPT = { entries: [], hooks: [], certificates: [web()], isWipe: false };

for (const kind of ["P-256", "P-384", "Ed25519"] as const) {
  Deno.test({
    name: `IssuingDesk makes a key of ${kind}, and OpenSSL finds that all parts belong together`,
    ignore: !HAS_OPENSSL,
    async fn() {
      const { desk } = await openDesk();
      const contents = await desk.issue(web(kind), order());
      await using folder = await temporaryFolder();
      for (const [part, bytes] of Object.entries(contents)) {
        await Deno.writeFile(`${folder.path}/${part}.pem`, bytes);
      }
      const run = (...args: readonly string[]) => runOpenssl(args, { cwd: folder.path });
      const { code, text } = await run(
        ...["verify", "-CAfile", "root.pem", "-untrusted", "chain.pem", "certificate.pem"],
      );
      assertEquals([code, text], [0, "certificate.pem: OK\n"]);
      const key = await run("pkey", "-in", "key.pem", "-pubout");
      const certified = await run("x509", "-in", "chain.pem", "-pubkey", "-noout");
      assert(key.code === 0 && key.text === certified.text, key.text);
    },
  });
}

Deno.test("IssuingDesk asks by a request, the purpose and the name, and says nothing of the key", async () => {
  const { desk, logger } = await openDesk();
  const { key } = await desk.issue(web(), order());
  const { Request, ...asked } = ISSUER.asked.at(-1) ?? {};
  assertEquals(asked, { Purpose: "application", Name: "web" });
  assert(decodeBase64(Request) !== null);
  const secret = decodeUtf8(key).split("\n")[1] ?? "";
  assert(secret.length > 20 && !JSON.stringify([ISSUER.asked, logger.events]).includes(secret));
});

Deno.test("IssuingDesk ends every part in a newline, and has the chain without the root", async () => {
  const { desk } = await openDesk();
  const contents = await desk.issue(web(), order());
  const count = (text: string) => text.split("-----BEGIN CERTIFICATE-----").length - 1;
  const texts = Object.entries(contents).map(([part, bytes]) => [part, decodeUtf8(bytes)] as const);
  for (const [part, text] of texts) assert(/-----\n$/.test(text), part);
  const found = Object.fromEntries(texts);
  assertEquals([count(found["certificate"] ?? ""), count(found["chain"] ?? "")], [1, 2]);
  assert(found["chain"]?.startsWith(found["certificate"] ?? "x"));
  assert(found["key"]?.startsWith("-----BEGIN PRIVATE KEY-----\n"));
});

Deno.test("IssuingDesk knows what was issued once the manifest is kept, until two thirds are over", async () => {
  const clock = { nowMs: Date.now() };
  const { desk } = await openDesk(() => clock.nowMs);
  const issue = order();
  const [notBeforeMs, notAfterMs] = [clock.nowMs, clock.nowMs + 3 * HOUR_MS];
  ISSUER.says = { notBeforeMs, notAfterMs };
  const contents: IssuedContents = await desk.issue(web(), issue);
  assertEquals(desk.recall(web(), null), null);
  await desk.keep(KEPT, null);
  const known = desk.recall(web(), null);
  assertEquals(known?.parts.key, {
    digest: encodeHex(await sha256Digest(contents.key)),
    size: contents.key.length,
  });
  assertEquals(known?.isDue, false);
  clock.nowMs = notBeforeMs + 2 * HOUR_MS - 1_000;
  assertEquals(desk.recall(web(), null)?.isDue, false);
  clock.nowMs = notBeforeMs + 2 * HOUR_MS;
  assertEquals(desk.recall(web(), null)?.isDue, true);
  assertEquals(desk.recall(web(), "another"), null);
  assertEquals(desk.recall(web("P-384"), null), null);
});

Deno.test("IssuingDesk forgets what was issued in a session that came to no manifest", async () => {
  const { desk } = await openDesk();
  await desk.issue(web(), order());
  await desk.keep(KEPT, "another");
  await desk.keep(KEPT, null);
  assertEquals(desk.recall(web(), null), null);
});

Deno.test("IssuingDesk tells a keeper that refuses from one that knows of no certificates", async () => {
  const { desk, logger } = await openDesk();
  const fails = (code: string, call: (input: unknown) => Promise<unknown>) => {
    return assertRejects(() => desk.issue(web(), order(call)), CertificateError, code);
  };
  const failing = (error: Error) => () => Promise.reject(error);
  await fails("certificate-refused", failing(new CallError("name-refused", "no")));
  await fails("certificate-unsupported", failing(new CallError(UNKNOWN_ACTION, "no")));
  await fails("certificate-refused", failing(new ConnectionError("timed-out", "too late")));
  assertEquals(logger.events.map(({ level }) => level), ["warn", "warn", "warn"]);
  assertEquals(desk.recall(web(), null), null);
});

Deno.test("IssuingDesk throws what ended the session", async () => {
  const { desk } = await openDesk();
  const lost = () => Promise.reject(new ConnectionError("connection-lost", "it is over"));
  await assertRejects(() => desk.issue(web(), order(lost)), ConnectionError, "connection-lost");
});

Deno.test("IssuingDesk refuses an answer that is for another key, of another root, too long, or none", async () => {
  const { desk } = await openDesk();
  const other = await ApplicationIssuer.create();
  const good = async (input: unknown) => {
    return await ISSUER.answer(input) as { readonly Chain: string[]; readonly Root: string };
  };
  const answers: ((input: unknown) => Promise<unknown>)[] = [
    () => Promise.resolve(undefined),
    () => Promise.resolve("no"),
    () => Promise.resolve({ Chain: [], Root: "" }),
    async (input) => ({ ...await good(input), Root: other.root.certificate.pem }),
    async (input) => ({ ...await good(input), Root: undefined }),
    async (input) => ({ ...await good(input), Chain: [1] }),
    async (input) => {
      const { Chain, ...rest } = await good(input);
      return { ...rest, Chain: [...Chain, ...Chain, Chain[1]] };
    },
    async (input) => ({ ...await good(input), Chain: ["x".repeat(16_385)] }),
    async (input) => {
      await good(input);
      return await good(ISSUER.asked[0]);
    },
  ];
  for (const answer of answers) {
    const issue = () => desk.issue(web(), order(answer));
    await assertRejects(issue, CertificateError, "certificate-invalid");
  }
  const late = order();
  ISSUER.says = { notAfterMs: Date.now() - HOUR_MS };
  await assertRejects(() => desk.issue(web(), late), CertificateError, "certificate-invalid");
});

const TLS: readonly ManifestEntry[] = [
  { kind: "folder", path: "tls", mode: 0o700, strategy: "STRICT", together: true },
  ...(["chain", "key", "root"] as const).map((part): ManifestEntry => ({
    ...{ kind: "issued", path: `tls/${part}.pem`, certificate: "web", part, mode: 0o600 },
    strategy: "STRICT",
  })),
];

/** An agent with a disk, as it is after a start. */
async function startAgent(folder: string) {
  const { state, files } = { state: `${folder}/state`, files: `${folder}/files` };
  for (const path of [state, files]) await Deno.mkdir(path, { recursive: true });
  const logger = new MemoryLogger();
  const record = new IssuedRecord(await openIssuedJournal(state, logger), { logger });
  const desk = new IssuingDesk({ record, logger });
  const store = await DiskSecretStore.open({
    workingFolder: files,
    stateFolder: state,
    recall: (manifest, declaredBy) => recallIssued(manifest, { desk, declaredBy }),
  });
  return { desk, store, logger, files };
}

type StartedAgent = Awaited<ReturnType<typeof startAgent>>;

/** Delivers a certificate for TLS, or what a test says, and tells what came of each path. */
async function deliver(
  { desk, store }: StartedAgent,
  { entries = TLS, certificates = [web()], actions = [CERTIFY] }: {
    readonly entries?: readonly ManifestEntry[];
    readonly certificates?: readonly DeclaredCertificate[];
    readonly actions?: readonly Action[];
  } = {},
): Promise<string[]> {
  order();
  const source = {
    ...{ entries, certificates, missing: new Set<string>() },
    open: () => Promise.resolve(null),
  };
  await using pair = await openSessionPair();
  const [, { files }] = await Promise.all([
    receiveAsAgent(pair.agent, store, { certificates: desk }),
    deliverAsKeeper(pair.keeper, source, { revision: 1, calls: { actions } }),
  ]);
  return files.map(({ path, outcome, code }) => [path, outcome, code ?? ""].join(" ").trimEnd());
}

const CERTIFY: Action = { name: "certificate", run: (_context, input) => ISSUER.answer(input) };
const PARTS = ["tls", "tls/chain.pem", "tls/key.pem", "tls/root.pem"];

function each(outcome: string): string[] {
  return PARTS.map((path) => `${path} ${outcome}`);
}

Deno.test("IssuingDesk has files put in place over a session, once, and again where one is gone", async () => {
  await using folder = await temporaryFolder();
  const agent = await startAgent(folder.path);
  assertEquals(await deliver(agent), each("created"));
  const read = (name: string) => Deno.readTextFile(`${agent.files}/tls/${name}.pem`);
  const [key, chain] = [await read("key"), await read("chain")];
  assertEquals(await deliver(agent), each("unchanged"));
  await Deno.remove(`${agent.files}/tls/key.pem`);
  assertEquals(await deliver(agent), [
    "tls unchanged",
    ...["tls/chain.pem updated", "tls/key.pem created", "tls/root.pem unchanged"],
  ]);
  assert(await read("key") !== key && await read("chain") !== chain);
});

Deno.test("IssuingDesk knows after a restart what is in place, and the store vouches for it", async () => {
  await using folder = await temporaryFolder();
  const first = await startAgent(folder.path);
  await deliver(first);
  const second = await startAgent(folder.path);
  const entries = second.store.held?.manifest.entries ?? [];
  assertEquals(entries.map(({ kind }) => kind), ["folder", "file", "file", "file"]);
  const look = async () => {
    const files = entries.filter((entry): entry is FileEntry => entry.kind === "file");
    return await Promise.all(files.map((entry) => second.store.compare(entry)));
  };
  assertEquals(await look(), ["intact", "intact", "intact"]);
  assertEquals(await deliver(second), each("unchanged"));
  await Deno.writeTextFile(`${second.files}/tls/key.pem`, "another");
  assertEquals(await look(), ["intact", "changed", "intact"]);
  const state = await Deno.readTextFile(`${folder.path}/state/certificates.json`);
  assert(!state.includes("PRIVATE") && !state.includes("-----"), "no key is on record");
});

Deno.test("IssuingDesk leaves what is there where the keeper refuses, and has it removed where it is declared no more", async () => {
  await using folder = await temporaryFolder();
  const agent = await startAgent(folder.path);
  await deliver(agent);
  const before = await Deno.readTextFile(`${agent.files}/tls/key.pem`);
  const certificates = [{ ...web(), terms: "cd".repeat(32) }];
  const refuse: Action = {
    name: "certificate",
    run: () => Promise.reject(new CallError("name-refused", "no")),
  };
  const failed = (code: string) => {
    return PARTS.map((path, i) => `${path} ${i === 0 ? "unchanged" : `failed ${code}`}`);
  };
  const refused = await deliver(agent, { certificates, actions: [refuse] });
  assertEquals(refused, failed("certificate-refused"));
  const unsupported = await deliver(agent, { certificates, actions: [] });
  assertEquals(unsupported, failed("certificate-unsupported"));
  assertEquals(await Deno.readTextFile(`${agent.files}/tls/key.pem`), before);
  assertEquals(await deliver(agent, { certificates }), [
    "tls unchanged",
    ...["tls/chain.pem updated", "tls/key.pem updated", "tls/root.pem unchanged"],
  ]);
  await deliver(agent, { entries: [], certificates: [] });
  assertEquals([...Deno.readDirSync(agent.files)].map(({ name }) => name), []);
});
