import { CallerCertificates, judgeCaller } from "../../../agent/http/caller_certificates.ts";
import { encodeUtf8 } from "../../../protocol/bytes.ts";
import { dialTcp } from "../../../protocol/host/mod.ts";
import { connectTls } from "../../../protocol/host/tls/mod.ts";
import type { FileEntry } from "../../../protocol/manifest_entry.ts";
import { type CallContext, CallError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import {
  PlayedAuthority,
  type PlayedCertificate,
  readCertificate,
} from "../../support/played_authority.ts";
import { createAuthorities, credentialsFor, type TlsAuthorities } from "../../support/tls_ends.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.now();
const AUTHORITIES = await createAuthorities();
/** Issues what the authority of an app may not, which is not what is tried here. */
const ANY = { ...AUTHORITIES, app: AUTHORITIES.root };
const DB: PlayedCertificate = {
  subject: "db",
  dnsNames: ["fluxdb_shop", "fluxdb_shop.fluxdockernetwork_shop", "db"],
  usages: ["server", "client"],
};
const SERVER: PlayedCertificate = { ...DB, subject: "agent", dnsNames: ["fluxagent_shop"] };

async function judge(says: Partial<PlayedCertificate>) {
  const { der } = await AUTHORITIES.root.issue({ ...DB, ...says });
  return judgeCaller(readCertificate(der), { app: "Shop", nowMs: NOW_MS });
}

Deno.test("judgeCaller finds the component of the one container that is named", async () => {
  assertEquals(await judge({}), { component: "db" });
  assertEquals(await judge({ dnsNames: ["fluxDB_SHOP", "example.org"] }), { component: "db" });
  assertEquals(await judge({ usages: ["client"] }), { component: "db" });
});

Deno.test("judgeCaller refuses names of no container of the app, and of several", async () => {
  for (
    const dnsNames of [
      [],
      ["db"],
      ["fluxdb_bank"],
      ["db_shop"],
      ["fluxdb_shop", "fluxweb_shop"],
      ["keeper.shop.fluxvault.internal"],
      ["fluxdb_shop.fluxdockernetwork_bank"],
      ["*_shop"],
    ]
  ) {
    assertEquals(await judge({ dnsNames }), "wrong-name", String(dnsNames));
  }
});

Deno.test("judgeCaller refuses another purpose, authorities, and another time", async () => {
  assertEquals(await judge({ usages: ["server"] }), "wrong-purpose");
  assertEquals(await judge({ isAuthority: true }), "wrong-purpose");
  assertEquals(await judge({ notAfterMs: NOW_MS - DAY_MS / 24 }), "expired");
  assertEquals(await judge({ notBeforeMs: NOW_MS + DAY_MS / 24 }), "not-yet-valid");
});

/** What a server has that speaks TLS. */
function serverWith(files: Readonly<Record<string, string>>) {
  const logger = new MemoryLogger();
  const entry = { kind: "file", digest: "", size: 1, mode: 0o600, strategy: "STRICT" } as const;
  const callers = new CallerCertificates({
    folder: "tls/",
    app: "shop",
    find: (path): FileEntry[] => path in files ? [{ ...entry, path }] : [],
    read: ([found]) => {
      return Promise.resolve(found && { bytes: encodeUtf8(files[found.path] ?? "") } || null);
    },
    logger,
  });
  assertEquals(callers.keyPath, "tls/key.pem");
  return { callers, logger };
}

/** What a server finds out about a caller, and what it logs. */
async function accept(
  files: Readonly<Record<string, string>>,
  caller: Partial<PlayedCertificate>,
  { issuers = ANY, lists = [], laterLists = [] }: {
    readonly issuers?: TlsAuthorities;
    readonly lists?: readonly Uint8Array[];
    readonly laterLists?: readonly Uint8Array[];
  } = {},
) {
  const { callers, logger } = serverWith(files);
  if (lists.length > 0) await callers.action.run({} as CallContext, lists);
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using dialled = await dialTcp({ host: "127.0.0.1", port: listener.addr.port });
  using conn = await listener.accept();
  const shows = await credentialsFor({ ...DB, ...caller }, issuers);
  const { rootPem } = await credentialsFor(DB, ANY);
  const { signal } = new AbortController();
  const options = { ...shows, rootPem, serverName: "fluxagent_shop", check: () => null, signal };
  const dialling = connectTls(dialled.duplex, options).catch(() => null);
  const accepted = await callers.accept(conn, "127.0.0.1");
  callers.flush();
  if (laterLists.length > 0) {
    assertEquals(accepted?.isCurrent(), true);
    await callers.action.run({} as CallContext, laterLists);
    assertEquals(accepted?.isCurrent(), false);
  }
  if (accepted === null) dialled.close();
  await (await dialling)?.writable.abort();
  return { component: accepted?.component ?? null, logged: logger.messages("warn").length };
}

async function serverFiles(): Promise<Record<string, string>> {
  const { keyPem, chainPem, rootPem } = await credentialsFor(SERVER, ANY);
  return { "tls/key.pem": keyPem, "tls/chain.pem": chainPem, "tls/root.pem": rootPem };
}

Deno.test("CallerCertificates lets a component of the app in, by its certificate", async () => {
  assertEquals(await accept(await serverFiles(), {}), { component: "db", logged: 0 });
});

Deno.test("CallerCertificates refuses other roots, purposes, names and times, and says so", async () => {
  const files = await serverFiles();
  const strangers = await createAuthorities();
  const refused = { component: null, logged: 1 };
  assertEquals(
    await accept(files, {}, { issuers: { ...strangers, app: strangers.root } }),
    refused,
  );
  assertEquals(await accept(files, { usages: ["server"] }), refused);
  assertEquals(await accept(files, { dnsNames: ["fluxdb_bank"] }), refused);
  assertEquals(await accept(files, { notAfterMs: NOW_MS - DAY_MS / 24 }), refused);
});

Deno.test("CallerCertificates lets nobody in before its files are there, or where they fit nothing", async () => {
  const files = await serverFiles();
  const { "tls/key.pem": _key, ...without } = files;
  assertEquals((await accept({}, {})).component, null);
  assertEquals((await accept(without, {})).component, null);
  assertEquals((await accept({ ...files, "tls/key.pem": "x" }, {})).component, null);
});

Deno.test("CallerCertificates refuses what its keeper has revoked, and whoever issued it", async () => {
  const files = await serverFiles();
  const serial = new Uint8Array([0x4b, 3]);
  const lists = [await AUTHORITIES.root.revoke([serial])];
  const refused = { component: null, logged: 1 };
  assertEquals(await accept(files, { serial }, { lists }), refused);
  assertEquals(await accept(files, {}, { lists }), { component: "db", logged: 0 });
  const shop = await PlayedAuthority.create({ subject: "shop" }, AUTHORITIES.root);
  const issuers = { ...AUTHORITIES, app: shop };
  const { keyPem, chainPem } = await credentialsFor(SERVER, issuers);
  const below = { ...files, "tls/key.pem": keyPem, "tls/chain.pem": chainPem };
  assertEquals((await accept(below, {}, { issuers })).component, "db");
  const all = [await AUTHORITIES.root.revoke([shop.certificate.serial])];
  assertEquals(await accept(below, {}, { issuers, lists: all }), refused);
});

Deno.test("CallerCertificates tells of a caller who is connected that he was revoked", async () => {
  const serial = new Uint8Array([0x4b, 4]);
  const laterLists = [await AUTHORITIES.root.revoke([serial])];
  const { component } = await accept(await serverFiles(), { serial }, { laterLists });
  assertEquals(component, "db");
});

Deno.test("CallerCertificates.action refuses lists of others, and all before its files are there", async () => {
  const list = await AUTHORITIES.root.revoke([]);
  const context = {} as CallContext;
  const strangers = await createAuthorities();
  const foreign = await strangers.root.revoke([]);
  const { callers } = serverWith(await serverFiles());
  assertEquals(await callers.action.run(context, [list]), null);
  const run = () => callers.action.run(context, [foreign]);
  await assertRejects(run, CallError, "list-refused");
  const without = serverWith({}).callers;
  await assertRejects(() => without.action.run(context, [list]), CallError, "list-refused");
});

Deno.test("CallerCertificates takes nobody from a public address", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const [conn, other] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port }),
    listener.accept(),
  ]);
  const logger = new MemoryLogger();
  const read = () => Promise.reject(new TypeError("nothing is to be read"));
  const callers = new CallerCertificates({
    folder: "tls",
    app: "shop",
    find: () => [],
    read,
    logger,
  });
  assertEquals(await callers.accept(other, "203.0.113.7"), null);
  callers.flush();
  assert(JSON.stringify(logger.events).includes("public-address"));
  conn.close();
  other.close();
});
