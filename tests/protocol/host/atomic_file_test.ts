import { encodeUtf8 } from "../../../protocol/bytes.ts";
import { StorageError } from "../../../protocol/errors.ts";
import {
  readOptionalFile,
  removeTemporaries,
  TEMPORARY_SUFFIX,
  temporaryName,
  writeFileAtomically,
} from "../../../protocol/host/atomic_file.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";

const UNIX = Deno.build.os !== "windows";

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
}

Deno.test("writeFileAtomically writes a new file that only its owner may read", () =>
  withFolder(async (folder) => {
    await writeFileAtomically(`${folder}/key`, encodeUtf8("content"));
    assertEquals(await Deno.readTextFile(`${folder}/key`), "content");
    assertEquals(namesIn(folder), ["key"]);
    if (UNIX) assertEquals(((await Deno.stat(`${folder}/key`)).mode ?? 0) & 0o777, 0o600);
  }));

Deno.test("writeFileAtomically gives exactly the mode that was asked for, whatever the umask", {
  ignore: !UNIX,
}, () =>
  withFolder(async (folder) => {
    // Few systems have a umask that lets the group write.
    await writeFileAtomically(`${folder}/a`, encodeUtf8("x"), { mode: 0o664 });
    assertEquals(((await Deno.stat(`${folder}/a`)).mode ?? 0) & 0o777, 0o664);
  }));

Deno.test("writeFileAtomically replaces a file with a shorter one", () =>
  withFolder(async (folder) => {
    await writeFileAtomically(`${folder}/a`, encodeUtf8("long content"));
    await writeFileAtomically(`${folder}/a`, encodeUtf8("short"));
    assertEquals(await Deno.readTextFile(`${folder}/a`), "short");
  }));

Deno.test("writeFileAtomically writes an empty file", () =>
  withFolder(async (folder) => {
    await writeFileAtomically(`${folder}/a`, new Uint8Array());
    assertEquals((await Deno.stat(`${folder}/a`)).size, 0);
  }));

Deno.test("writeFileAtomically keeps the name that is the longest a file system allows", () =>
  withFolder(async (folder) => {
    const name = "n".repeat(255);
    await writeFileAtomically(`${folder}/${name}`, encodeUtf8("x"));
    assertEquals(namesIn(folder), [name]);
  }));

Deno.test("writeFileAtomically replaces a symbolic link and leaves its target alone", {
  ignore: !UNIX,
}, () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/target`, "untouched");
    await Deno.symlink(`${folder}/target`, `${folder}/link`);
    await writeFileAtomically(`${folder}/link`, encodeUtf8("new"));
    assertEquals(await Deno.readTextFile(`${folder}/target`), "untouched");
    assert((await Deno.lstat(`${folder}/link`)).isFile);
  }));

Deno.test("writeFileAtomically leaves no temporary file behind when the rename fails", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/taken`);
    await assertRejects(
      () => writeFileAtomically(`${folder}/taken`, encodeUtf8("x")),
      StorageError,
      UNIX ? "not-a-file" : "permission-denied",
    );
    assertEquals(namesIn(folder), ["taken"]);
  }));

Deno.test("writeFileAtomically reports a missing folder as file-missing", () =>
  withFolder(async (folder) => {
    await assertRejects(
      () => writeFileAtomically(`${folder}/none/a`, encodeUtf8("x")),
      StorageError,
      "file-missing",
    );
  }));

Deno.test("writeFileAtomically shows a reader the whole old or the whole new file", () =>
  withFolder(async (folder) => {
    const path = `${folder}/a`;
    const versions = ["a".repeat(50_000), "b".repeat(90_000)];
    await writeFileAtomically(path, encodeUtf8(versions[0] ?? ""));
    const writing = (async () => {
      for (let i = 1; i <= 20; i++) {
        await writeFileAtomically(path, encodeUtf8(versions[i % 2] ?? ""));
      }
    })();
    let isWriting = true;
    const ended = writing.finally(() => isWriting = false);
    while (isWriting) assert(versions.includes(await Deno.readTextFile(path)));
    await ended;
  }));

Deno.test("writeFileAtomically lets writers at the same time each finish", () =>
  withFolder(async (folder) => {
    const texts = Array.from({ length: 20 }, (_, i) => `version ${i}`);
    await Promise.all(texts.map((text) => writeFileAtomically(`${folder}/a`, encodeUtf8(text))));
    assert(texts.includes(await Deno.readTextFile(`${folder}/a`)));
    assert(!namesIn(folder).some((name) => name.endsWith(TEMPORARY_SUFFIX)));
  }));

Deno.test("readOptionalFile returns the bytes of a file", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a`, "abc");
    assertEquals(await readOptionalFile(`${folder}/a`), encodeUtf8("abc"));
  }));

Deno.test("readOptionalFile returns null where nothing is", () =>
  withFolder(async (folder) => {
    assertEquals(await readOptionalFile(`${folder}/a`), null);
    assertEquals(await readOptionalFile(`${folder}/none/a`), null);
  }));

Deno.test("readOptionalFile refuses a folder", () =>
  withFolder(async (folder) => {
    await assertRejects(() => readOptionalFile(folder), StorageError, "not-a-file");
  }));

Deno.test("readOptionalFile refuses a device that never ends", { ignore: !UNIX }, async () => {
  await assertRejects(() => readOptionalFile("/dev/zero"), StorageError, "not-a-file");
});

Deno.test("readOptionalFile refuses a file over the limit and takes one at it", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a`, "abcd");
    assertEquals((await readOptionalFile(`${folder}/a`, { maxBytes: 4 }))?.length, 4);
    await assertRejects(
      () => readOptionalFile(`${folder}/a`, { maxBytes: 3 }),
      StorageError,
      "io-failed",
    );
  }));

Deno.test("removeTemporaries removes what was left half-written, and no file that is called otherwise", () =>
  withFolder(async (folder) => {
    const others = ["a.fluxvault-tmp", ".0123.fluxvault-tmp", "state.json"];
    for (const name of [temporaryName(), temporaryName(), ...others]) {
      await Deno.writeTextFile(`${folder}/${name}`, "x");
    }
    const named = temporaryName();
    await Deno.mkdir(`${folder}/${named}`);
    assertEquals(removeTemporaries(folder), 2);
    assertEquals(namesIn(folder), [...others, named].sort());
    assertEquals(removeTemporaries(`${folder}/missing`), 0);
  }));

Deno.test("removeTemporaries leaves what was written lately where it is told to", () =>
  withFolder(async (folder) => {
    const [old, fresh] = [temporaryName(), temporaryName()];
    for (const name of [old, fresh]) await Deno.writeTextFile(`${folder}/${name}`, "x");
    const then = new Date(Date.now() - 10_000);
    await Deno.utime(`${folder}/${old}`, then, then);
    assertEquals(removeTemporaries(folder, Date.now() - 5_000), 1);
    assertEquals(namesIn(folder), [fresh]);
  }));
