import { generateEnrolmentSecret } from "../../../keeper/keys/enrolment_secret.ts";
import { EnrolmentWatch } from "../../../keeper/keys/enrolment_watch.ts";
import { KeyRing } from "../../../keeper/keys/key_ring.ts";
import { SECRET_RETRY_MS } from "../../../keeper/keys/limits.ts";
import { ConfigError, decodeEnrolmentSecret, StorageError } from "../../../protocol/mod.ts";
import { fixedEnvironment } from "../../../protocol/host/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { MemoryInput } from "../../support/memory_input.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { MemoryOutput } from "../../support/memory_output.ts";
import { temporaryFolder } from "../../support/temporary_folder.ts";
import { ENROLMENT, MemoryKeyIndex, MemoryKeyStore } from "./key_fixtures.ts";

const SECRET = Uint8Array.from({ length: 32 }, (_, i) => i);
const APP = { kind: "enrolment", name: "demo" } as const;

/** Stored keys, and what a watch over them is made with. */
class Place {
  readonly clock = new FakeClock();
  readonly index = new MemoryKeyIndex();
  readonly file = new MemoryKeyStore("file");
  readonly stdin = new MemoryInput(["never taken"]);
  readonly logger = new MemoryLogger();
  readonly ring: KeyRing;
  readonly #variables: Record<string, string>;

  constructor(variables: Record<string, string> = {}) {
    this.#variables = variables;
    this.ring = new KeyRing({
      index: this.index,
      system: new MemoryKeyStore("system"),
      file: this.file,
      note: () => Promise.resolve(),
      now: this.clock.now,
    });
  }

  open(): Promise<EnrolmentWatch> {
    const { stdin, logger } = this;
    return EnrolmentWatch.open({
      ...{ app: "demo", keyStore: "auto", stateFolder: "/nowhere", stdin, logger },
      env: fixedEnvironment(this.#variables),
      stderr: new MemoryOutput(),
      signal: new AbortController().signal,
      now: this.clock.now,
    }, this.ring);
  }

  /** Stores a secret, in the place of another where there is one. */
  async store(secret: string): Promise<void> {
    this.clock.advance(1_000);
    await this.ring.save(APP, secret, { choice: "file", replace: true });
    this.file.readCount = 0;
  }
}

/** Returns the bytes of a secret. */
function bytesOf(secret: string): Uint8Array | null {
  return decodeEnrolmentSecret(secret);
}

Deno.test("EnrolmentWatch finds null where there is none, and asks nobody", async () => {
  const place = new Place();
  await place.ring.save({ ...APP, name: "other" }, ENROLMENT, { choice: "system" });
  const watch = await place.open();
  assertEquals([await watch.current(), place.stdin.prompts], [null, []]);
});

Deno.test("EnrolmentWatch takes a credential before a stored secret", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/fluxvault-enrolment`, `${ENROLMENT}\n`);
  const place = new Place({ CREDENTIALS_DIRECTORY: folder.path });
  await place.store(generateEnrolmentSecret());
  const watch = await place.open();
  assertEquals(await watch.current(), SECRET);
});

Deno.test("EnrolmentWatch refuses a credential that a person made up", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/fluxvault-enrolment`, "correct horse");
  const place = new Place({ CREDENTIALS_DIRECTORY: folder.path });
  const error = await assertRejects(() => place.open(), ConfigError);
  assertEquals(error.source, "credential fluxvault-enrolment");
  assert(!error.message.includes("horse"));
});

Deno.test("EnrolmentWatch reads a stored secret once, and again only where it is another", async () => {
  const place = new Place();
  await place.store(ENROLMENT);
  const watch = await place.open();
  for (let i = 0; i < 3; i++) assertEquals(await watch.current(), SECRET);
  assertEquals(place.file.readCount, 1);
  const other = generateEnrolmentSecret();
  await place.store(other);
  for (let i = 0; i < 3; i++) assertEquals(await watch.current(), bytesOf(other));
  assertEquals(place.file.readCount, 1);
  assertEquals(place.logger.messages("info").length, 1);
  assert(!JSON.stringify(place.logger.events).includes(other));
});

Deno.test("EnrolmentWatch notices a secret that is made and one that is removed", async () => {
  const place = new Place();
  const watch = await place.open();
  await place.store(ENROLMENT);
  assertEquals(await watch.current(), SECRET);
  const entry = await place.ring.find(APP);
  assert(entry !== null);
  await place.ring.remove(entry);
  assertEquals(await watch.current(), null);
});

Deno.test("EnrolmentWatch reads a credential again", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/fluxvault-enrolment`;
  await Deno.writeTextFile(path, ENROLMENT);
  const place = new Place({ CREDENTIALS_DIRECTORY: folder.path });
  const watch = await place.open();
  const other = generateEnrolmentSecret();
  await Deno.writeTextFile(path, other);
  assertEquals(await watch.current(), bytesOf(other));
  await Deno.writeTextFile(path, "correct horse");
  assertEquals(await watch.current(), bytesOf(other));
  assert(!JSON.stringify(place.logger.events).includes("horse"));
});

Deno.test("EnrolmentWatch keeps the last secret where another cannot be read, and says so once", async () => {
  const place = new Place();
  await place.store(ENROLMENT);
  const watch = await place.open();
  const other = generateEnrolmentSecret();
  await place.store(other);
  place.file.isClosed = true;
  for (let i = 0; i < 3; i++) assertEquals(await watch.current(), SECRET);
  assertEquals([place.file.readCount, place.logger.messages("warn").length], [1, 1]);
  place.file.isClosed = false;
  assertEquals(await watch.current(), SECRET);
  place.clock.advance(SECRET_RETRY_MS);
  assertEquals(await watch.current(), bytesOf(other));
});

Deno.test("EnrolmentWatch keeps the last secret where the list cannot be read", async () => {
  const place = new Place();
  await place.store(ENROLMENT);
  const watch = await place.open();
  place.index.fault = new StorageError("state-malformed", "this is no list of keys");
  for (let i = 0; i < 2; i++) assertEquals(await watch.current(), SECRET);
  assertEquals(place.logger.messages("warn").length, 1);
});

Deno.test("EnrolmentWatch looks once for all who ask at the same time", async () => {
  const place = new Place();
  const watch = await place.open();
  await place.store(ENROLMENT);
  const found = await Promise.all([watch.current(), watch.current()]);
  assertEquals([found, place.file.readCount], [[SECRET, SECRET], 1]);
});
