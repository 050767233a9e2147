import { CertificateDesk, declareCertificates } from "../../../keeper/commands/certificate_desk.ts";
import { KeyDesk } from "../../../keeper/commands/key_desk.ts";
import { MemoryAuditLog } from "../../../keeper/audit/mod.ts";
import { RingSecrets } from "../../../keeper/authority/ring_secrets.ts";
import { openKeyRing } from "../../../keeper/keys/mod.ts";
import { type ApplicationCertificate, declareForAll } from "../../../keeper/vault/mod.ts";
import { duplexPair } from "../../../protocol/duplex.ts";
import { ConfigError, FluxVaultError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { runContext } from "../../support/run_context.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { agentOrder, APP } from "../authority/authority_site.ts";
import { QUICK } from "../keys/key_fixtures.ts";

const PASSPHRASE = "correct horse battery";

async function open(folder: string, lines: readonly string[] = []) {
  const logger = new MemoryLogger();
  const context = { ...await runContext(["--key-store", "file"], { lines }), logger };
  const keys = new KeyDesk(context, folder);
  const log = new MemoryAuditLog();
  let opened = 0;
  const audit = () => Promise.resolve({ log: (opened++, log) }) as never;
  const desk = new CertificateDesk(context, { stateFolder: folder, keys, audit });
  return { desk, keys, logger, log, context, opened: () => opened };
}

/** Makes the secret of an authority in a file that is quick to open. */
async function storeSecret(folder: string): Promise<void> {
  const context = await runContext([], { lines: [PASSPHRASE] });
  const ring = openKeyRing({ ...context, stateFolder: folder }, { cost: QUICK });
  await new RingSecrets(ring, { env: context.env, choice: "file" }).create();
}

Deno.test("CertificateDesk asks for nothing, and makes nothing, where there is no authority", async () => {
  await using folder = await temporaryFolder();
  const { desk, context, opened } = await open(folder.path);
  await desk.prepare();
  assertEquals([context.stdin.prompts.length, opened()], [0, 0]);
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

Deno.test("CertificateDesk makes the authority when it is needed, and puts that on record", async () => {
  await using folder = await temporaryFolder();
  await storeSecret(folder.path);
  const { desk, keys, log } = await open(folder.path, [PASSPHRASE]);
  await (await desk.open()).issue(await agentOrder());
  assertEquals(log.lines.length, 3);
  keys.end();
  // Nobody is asked again.
  await (await desk.open()).issue(await agentOrder());
});

Deno.test("CertificateDesk.prepare asks for the passphrase while somebody can be asked", async () => {
  await using folder = await temporaryFolder();
  await storeSecret(folder.path);
  await (await (await open(folder.path, [PASSPHRASE])).desk.open()).init();
  const { desk, keys } = await open(folder.path, [PASSPHRASE]);
  await desk.prepare();
  keys.end();
  await (await desk.open()).issue(await agentOrder());
});

Deno.test("CertificateDesk.prepare makes the authority before anybody asks where it will be needed", async () => {
  await using folder = await temporaryFolder();
  await storeSecret(folder.path);
  const { desk, keys } = await open(folder.path, [PASSPHRASE]);
  await desk.prepare({ isNeeded: true });
  keys.end();
  await (await desk.open()).issue(await agentOrder());
});

Deno.test("declareCertificates finds the app that declares some", async () => {
  const plain = { declare: () => Promise.resolve(declareForAll([])) };
  const own: ApplicationCertificate = {
    ...{ name: "web", names: null, usage: ["server"], key: "P-256", lifetimeS: 3_600 },
  };
  const certified = {
    declare: () => Promise.resolve({ ...declareForAll([]), certificates: [own] }),
  };
  assertEquals(await declareCertificates([plain]), false);
  assertEquals(await declareCertificates([plain, certified]), true);
});

Deno.test("CertificateDesk.prepare lets the keeper serve where the passphrase is missing, and says so", async () => {
  await using folder = await temporaryFolder();
  await storeSecret(folder.path);
  await (await (await open(folder.path, [PASSPHRASE])).desk.open()).init();
  const { desk, logger } = await open(folder.path);
  await desk.prepare();
  const { level, message } = logger.events.at(-1) ?? {};
  assert(level === "warn" && message?.startsWith("No certificate can be issued") === true, message);
  const order = await agentOrder();
  await assertRejects(async () => await (await desk.open()).issue(order), ConfigError);
});

Deno.test("CertificateDesk tries again to open what was damaged", async () => {
  await using folder = await temporaryFolder();
  const index = `${folder.path}/authority/authority.json`;
  await Deno.mkdir(`${folder.path}/authority`);
  await Deno.writeTextFile(index, "{", { mode: 0o600 });
  const { desk, logger } = await open(folder.path);
  await desk.prepare();
  assertEquals(logger.events.length, 1);
  await Deno.remove(index);
  assertEquals(await (await desk.open()).unlock(), false);
});

Deno.test("CertificateDesk.secure makes no authority, and uses none whose secret it cannot have", async () => {
  await using folder = await temporaryFolder();
  const [near] = duplexPair();
  const connection = { duplex: near, close() {} };
  const agent = { app: APP, component: "db", signal: new AbortController().signal };
  const { desk } = await open(folder.path);
  await assertRejects(() => desk.secure(connection, agent), FluxVaultError, "tls-unknown");
  assertEquals([...Deno.readDirSync(folder.path)], []);
  await storeSecret(folder.path);
  await (await (await open(folder.path, [PASSPHRASE])).desk.open()).init();
  const { desk: other } = await open(folder.path);
  await assertRejects(() => other.secure(connection, agent), FluxVaultError, "tls-unknown");
});
