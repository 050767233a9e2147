import { ServedFiles, type ServedFilesOptions } from "../../../agent/http/served_files.ts";
import { openDiskRoots } from "../../../agent/disk/mod.ts";
import {
  MAX_SERVED_STREAMS,
  SERVED_HASHES_AT_ONCE,
  SERVED_PIECE_BYTES,
} from "../../../agent/limits.ts";
import { createNodeHasher } from "../../../protocol/host/mod.ts";
import { encodeHex } from "../../../protocol/bytes.ts";
import { sha256Digest } from "../../../protocol/digest.ts";
import type { HasherFactory } from "../../../protocol/hasher.ts";
import { StorageError } from "../../../protocol/errors.ts";
import type { FileEntry } from "../../../protocol/manifest_entry.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { sampleBytes } from "../../support/site.ts";

const OLD = new Date(Date.now() - 60_000);

/** A working folder with files that were put there a while ago. */
class Yard implements AsyncDisposable {
  #puts = 0;

  private constructor(readonly folder: string, readonly files: ServedFiles) {}

  static async open(
    createHasher: HasherFactory = createNodeHasher,
    more: Partial<ServedFilesOptions> = {},
  ): Promise<Yard> {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "fluxvault-served-" }));
    const options = { workingFolder: folder, stateFolder: null, absoluteFolders: [] };
    return new Yard(
      folder,
      new ServedFiles(await openDiskRoots(options), {
        createHasher,
        settledMs: 0,
        lookMs: 0,
        ...more,
      }),
    );
  }

  /** Puts a file there and returns how a manifest declares it. */
  async put(
    path: string,
    contents: Uint8Array<ArrayBuffer>,
    more: Partial<FileEntry> = {},
  ): Promise<FileEntry> {
    await Deno.writeFile(`${this.folder}/${path}`, contents);
    const time = new Date(OLD.getTime() - 1_000 * this.#puts++);
    await Deno.utime(`${this.folder}/${path}`, time, time);
    const digest = encodeHex(await sha256Digest(contents));
    const size = contents.length;
    return { kind: "file", path, digest, size, mode: 0o600, strategy: "STRICT", ...more };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

type Pieces = AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined>;

async function piecesOf(pieces: Pieces | null): Promise<Uint8Array> {
  assert(pieces !== null);
  const copies = await Array.fromAsync(pieces, (piece) => piece.slice());
  return new Uint8Array(await new Blob(copies).arrayBuffer());
}

Deno.test("ServedFiles reads a small file at once, and a large one in pieces", async () => {
  await using yard = await Yard.open();
  for (const size of [0, 1, 65_536]) {
    const contents = sampleBytes(size);
    const entry = await yard.put("small", contents);
    const file = await yard.files.find([entry]);
    assertEquals([file?.bytes, file?.digest, file?.size], [contents, entry.digest, size]);
  }
  const contents = sampleBytes(200_000);
  const file = await yard.files.find([await yard.put("large", contents)]);
  assert(file !== null);
  assertEquals(file.bytes, null);
  assertEquals(await piecesOf(file.pieces({ start: 0, end: 200_000 })), contents);
  assertEquals(
    await piecesOf(file.pieces({ start: 65_535, end: 65_537 })),
    contents.slice(65_535, 65_537),
  );
});

Deno.test("ServedFiles finds nothing that is not as one of the entries declares", async () => {
  await using yard = await Yard.open();
  const entry = await yard.put("a", sampleBytes(10, 1));
  const other = { ...entry, digest: "00".repeat(32) };
  assertEquals(await yard.files.find([]), null);
  assertEquals(await yard.files.find([other]), null);
  assertEquals((await yard.files.find([other, entry]))?.entry, entry);
  const large = await yard.put("large", sampleBytes(100_000, 1));
  await yard.put("large", sampleBytes(100_000, 2));
  assertEquals(await yard.files.find([large]), null);
  await Deno.remove(`${yard.folder}/a`);
  assertEquals(await yard.files.find([entry]), null);
});

Deno.test("ServedFiles reads a file once, and notices every change of one that it remembers", async () => {
  await using yard = await Yard.open();
  const one = await yard.put("a", sampleBytes(10, 1));
  const [first, again] = [await yard.files.find([one]), await yard.files.find([one])];
  assert(first !== null && first.bytes === again?.bytes, "it is held in memory");
  const two = await yard.put("a", sampleBytes(10, 2));
  const later = new Date(OLD.getTime() + 1_000);
  await Deno.utime(`${yard.folder}/a`, later, later);
  assertEquals(await yard.files.find([one]), null);
  assertEquals((await yard.files.find([one, two]))?.entry, two);
});

Deno.test("ServedFiles looks once for many who ask within a moment, and again for whom that does not help", async () => {
  let nowMs = 0;
  await using yard = await Yard.open(createNodeHasher, { lookMs: 1, now: () => nowMs });
  const one = await yard.put("a", sampleBytes(10, 1));
  const first = await yard.files.find([one]);
  const two = await yard.put("a", sampleBytes(20, 2));
  // It may not be known yet that it is another, and then that is not served: it is not declared.
  assertEquals((await yard.files.find([one]))?.bytes, first?.bytes);
  assertEquals((await yard.files.find([two]))?.entry, two);
  assertEquals(await yard.files.find([one]), null);
  await yard.files.find([two]);
  await Deno.remove(`${yard.folder}/a`);
  nowMs = 1;
  assertEquals(await yard.files.find([two]), null);
  const three = await yard.put("a", sampleBytes(30, 3));
  assertEquals((await yard.files.find([three]))?.entry, three);
});

Deno.test("ServedFiles gives what the application made of a file that is its own", async () => {
  await using yard = await Yard.open();
  const entry = await yard.put("a", sampleBytes(10, 1), { strategy: "ENSURE_CREATED" });
  const { digest } = await yard.put("a", sampleBytes(20, 2));
  const file = await yard.files.find([entry]);
  assertEquals([file?.digest, file?.size], [digest, 20]);
});

Deno.test("ServedFiles ends a large file before its last piece where somebody wrote to it", async () => {
  await using yard = await Yard.open();
  const file = await yard.files.find([await yard.put("large", sampleBytes(200_000))]);
  assert(file !== null);
  const pieces = file.pieces({ start: 0, end: 200_000 });
  assert(pieces !== null);
  assertEquals((await pieces.next()).value?.length, 65_536);
  await Deno.writeFile(`${yard.folder}/large`, sampleBytes(200_000, 2));
  await assertRejects(() => piecesOf(pieces), StorageError, "file-changed");
});

Deno.test("ServedFiles holds one piece of a large file for each who takes it, and no more of them than it may", async () => {
  await using yard = await Yard.open();
  const contents = sampleBytes(1_000_000);
  const entry = await yard.put("large", contents);
  const open = async () => (await yard.files.find([entry]))?.pieces({ start: 0, end: 1_000_000 });
  const buffers = new Set<ArrayBufferLike>();
  let bytes = 0;
  for await (const { buffer, length } of await open() ?? []) {
    buffers.add(buffer);
    bytes += length;
  }
  const sizes = [...buffers].map(({ byteLength }) => byteLength);
  assertEquals([bytes, sizes], [1_000_000, [SERVED_PIECE_BYTES]]);
  const all = [];
  for (let i = 0; i < MAX_SERVED_STREAMS; i++) all.push(await open());
  for (const pieces of all) await pieces?.next();
  assertEquals(await open(), null);
  await all[0]?.return();
  assertEquals(await piecesOf(await open() ?? null), contents);
  for (const pieces of all) await pieces?.return();
});

Deno.test("ServedFiles reads only some large files at a time to find out what is in them", async () => {
  let [reading, most] = [0, 0];
  await using yard = await Yard.open(() => {
    most = Math.max(most, ++reading);
    return createNodeHasher().then((hasher) => ({
      update: (piece) => hasher.update(piece),
      digest: () => {
        reading--;
        return hasher.digest();
      },
    }));
  });
  const entries = await Promise.all(Array.from({ length: 20 }, (_, i) => {
    return yard.put(`${i}`, sampleBytes(100_000, i));
  }));
  const found = await Promise.all(entries.map((entry) => yard.files.find([entry])));
  assertEquals(found.map((file) => file?.entry), entries);
  assertEquals([most, reading], [SERVED_HASHES_AT_ONCE, 0]);
});

Deno.test("ServedFiles serves no other file under the digest of the one before", async () => {
  await using yard = await Yard.open();
  const file = await yard.files.find([await yard.put("large", sampleBytes(200_000))]);
  assert(file !== null);
  await Deno.remove(`${yard.folder}/large`);
  await Deno.writeFile(`${yard.folder}/large`, sampleBytes(200_000, 2));
  const all = { start: 0, end: 200_000 };
  await assertRejects(() => piecesOf(file.pieces(all)), StorageError, "file-changed");
});

Deno.test("ServedFiles follows no link, and waits for no pipe", async () => {
  await using yard = await Yard.open();
  const entry = await yard.put("real", sampleBytes(10));
  await Deno.symlink("real", `${yard.folder}/link`);
  await Deno.symlink(".", `${yard.folder}/folder`);
  for (const path of ["link", "folder/real"]) {
    const refused = () => yard.files.find([{ ...entry, path }]);
    await assertRejects(refused, StorageError, path === "link" ? "symlink-refused" : undefined);
    assertEquals(yard.files.look({ ...entry, path }), null);
  }
  await new Deno.Command("mkfifo", { args: [`${yard.folder}/pipe`] }).output();
  await assertRejects(
    () => yard.files.find([{ ...entry, path: "pipe" }]),
    StorageError,
    "not-a-file",
  );
});

Deno.test("ServedFiles looks at a file without reading it", async () => {
  await using yard = await Yard.open();
  const entry = await yard.put("a", sampleBytes(10));
  assertEquals(yard.files.look(entry)?.modifiedMs, OLD.getTime());
  assertEquals(yard.files.look({ ...entry, size: 11 }), null);
  assertEquals(yard.files.look({ ...entry, path: "none" }), null);
});
