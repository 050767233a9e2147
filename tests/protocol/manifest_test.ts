import fc from "fast-check";
import { type Bytes, decodeUtf8, encodeHex, encodeUtf8, equalBytes } from "../../protocol/bytes.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import {
  decodeManifest,
  decodeManifestBeside,
  encodeManifest,
  splitLines,
} from "../../protocol/manifest.ts";
import { MAX_HOOKS, MAX_MANIFEST_LINES } from "../../protocol/limits.ts";
import type {
  FileEntry,
  FolderEntry,
  Hook,
  KeepEntry,
  Manifest,
} from "../../protocol/manifest_entry.ts";
import { findPathFault } from "../../protocol/secret_path.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "../support/assert.ts";
import { flipBit } from "../support/duplex_cuts.ts";

function entry(path: string, more: Partial<FileEntry> = {}): FileEntry {
  return {
    kind: "file",
    path,
    digest: "ab".repeat(32),
    size: 3,
    mode: 0o600,
    strategy: "STRICT",
    ...more,
  };
}

function folder(path: string, more: Partial<FolderEntry> = {}): FolderEntry {
  return { kind: "folder", path, mode: 0o700, strategy: "STRICT", ...more };
}

function keep(path: string): KeepEntry {
  return { kind: "keep", path };
}

function hook(name: string): Hook {
  return { name, action: { kind: "touch", path: "changed" }, timeoutS: 30 };
}

/** Lists of entries whose paths stand for themselves and in nobody's way. */
const ENTRIES: fc.Arbitrary<FileEntry[]> = fc.uniqueArray(
  fc.record({
    kind: fc.constant("file" as const),
    path: fc.string({ unit: "binary", minLength: 1, maxLength: 20 })
      .filter((path) => findPathFault(path) === null && !path.includes("/")),
    digest: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(encodeHex),
    size: fc.integer({ min: 0, max: 2 ** 40 }),
    mode: fc.integer({ min: 0, max: 0o777 }),
    strategy: fc.constantFrom("STRICT" as const, "ENSURE_CREATED" as const),
  }),
  { selector: ({ path }) => path, maxLength: 20 },
);

function compareUtf8(a: string, b: string): number {
  const [left, right] = [encodeHex(encodeUtf8(a)), encodeHex(encodeUtf8(b))];
  return left < right ? -1 : left > right ? 1 : 0;
}

Deno.test("decodeManifest reads what encodeManifest writes, in the order of bytes in UTF-8", async () => {
  await fc.assert(
    fc.asyncProperty(ENTRIES, async (entries) => {
      const { bytes, digest } = await encodeManifest(entries);
      const decoded = decodeManifest(bytes);
      const sorted = entries.map((each) => ({ ...each }))
        .sort((a, b) => compareUtf8(a.path, b.path));
      assertEquals(decoded, { entries: sorted, hooks: [], isWipe: false });
      assertEquals(await encodeManifest(decoded.entries), { bytes, digest });
      assertEquals(digest, await sha256Digest(bytes));
    }),
    { numRuns: 100 },
  );
});

Deno.test("encodeManifest writes exactly the line of section 8", async () => {
  const { bytes } = await encodeManifest([entry('a"\u00e9', { strategy: "ENSURE_CREATED" })]);
  assertEquals(
    decodeUtf8(bytes),
    `{"Path":"a\\"\u00e9","Kind":"file","Digest":"${"ab".repeat(32)}","Size":3,"Mode":384,` +
      '"Strategy":"ENSURE_CREATED"}\n',
  );
});

Deno.test("encodeManifest puts astral characters behind the rest of the basic plane", async () => {
  const paths = ["\u{1f511}", "\uffee", "\ue000", "z", "za", "\u{10000}", "\u{1f511}a"];
  const { bytes } = await encodeManifest(paths.map((path) => entry(path)));
  assertEquals(decodeManifest(bytes).entries.map(({ path }) => path), [
    "z",
    "za",
    "\ue000",
    "\uffee",
    "\u{10000}",
    "\u{1f511}",
    "\u{1f511}a",
  ]);
});

Deno.test("decodeManifest refuses every flipped bit, or reads another manifest of another digest", async () => {
  const { bytes, digest } = await encodeManifest([entry("a"), entry("b/c"), entry("\u{1f511}")]);
  let read = 0;
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const bad = flipBit(bytes, bit);
    try {
      const again = await encodeManifest(decodeManifest(bad).entries);
      assert(equalBytes(again.bytes, bad) && !equalBytes(again.digest, digest));
      read++;
    } catch (error) {
      assert(error instanceof ProtocolError && error.code === "manifest-malformed", `bit ${bit}`);
    }
  }
  assert(read > 0, "a flipped digit of a digest is another manifest");
});

Deno.test("decodeManifest reads a wipe, hooks and entries of each kind, in the order of section 8", async () => {
  const hooks = [hook("b"), hook("a-1"), hook("a")];
  const entries = [
    keep("k"),
    folder("d", { hook: "b" }),
    entry("d.x"),
    entry("d/x", { hook: "a" }),
  ];
  const { bytes, digest } = await encodeManifest(entries, { hooks });
  const lines = decodeUtf8(bytes).split("\n");
  assertEquals(lines.map((line) => /"(?:Path|Name)":"([^"]*)"/.exec(line)?.[1] ?? ""), [
    ...["a", "a-1", "b", "d", "d.x", "d/x", "k", ""],
  ]);
  const decoded = decodeManifest(bytes);
  assertEquals(decoded.hooks, [hook("a"), hook("a-1"), hook("b")]);
  assertEquals(decoded.entries, [entries[1], entries[2], entries[3], entries[0]] as FileEntry[]);
  assertEquals(await encodeManifest(decoded.entries, decoded), { bytes, digest });
  const wipe = await encodeManifest([], { isWipe: true });
  assertEquals(decodeUtf8(wipe.bytes), '{"Kind":"wipe"}\n');
  assertEquals(decodeManifest(wipe.bytes), { entries: [], hooks: [], isWipe: true });
});

async function textOf(...entries: FileEntry[]): Promise<string> {
  return decodeUtf8((await encodeManifest(entries)).bytes);
}

const LINE = await textOf(entry("a"));
const NEXT = await textOf(entry("b"));
const WIPE = '{"Kind":"wipe"}\n';
const HOOK = '{"Kind":"hook","Name":"x","Touch":"t","TimeoutS":30}\n';
const FOLDER = '{"Path":"a","Kind":"folder","Mode":448,"Strategy":"STRICT"}\n';
const KEEP = '{"Path":"a","Kind":"keep"}\n';
const SET = FOLDER.replace("}", ',"Together":true}');
const MALFORMED: Readonly<Record<string, string>> = {
  "an empty line": "\n",
  "no newline at the end": LINE.slice(0, -1),
  "CRLF": LINE.replace("\n", "\r\n"),
  "a space": LINE.replace(":", ": "),
  "members in another order": LINE.replace('"Kind":"file",', "").replace("}", ',"Kind":"file"}'),
  "another member": LINE.replace("}", ',"More":1}'),
  "a member twice": LINE.replace("}", ',"Mode":384}'),
  "another kind": LINE.replace('"file"', '"folder"'),
  "another strategy": LINE.replace('"STRICT"', '"ALLOW_ADDS"'),
  "an escape that need not be": LINE.replace('"a"', '"\\u0061"'),
  "a digest in upper case": LINE.replace("abab", "ABAB"),
  "a size in quotes": LINE.replace('"Size":3', '"Size":"3"'),
  "a size of 3.0": LINE.replace('"Size":3', '"Size":3.0'),
  "a size below 0": LINE.replace('"Size":3', '"Size":-3'),
  "a size above 1 TiB": LINE.replace('"Size":3', `"Size":${2 ** 40 + 1}`),
  "a mode of 0o1000": LINE.replace('"Mode":384', '"Mode":512'),
  "a path with half a character": LINE.replace('"a"', '"\\ud800"'),
  "a byte order mark": `\ufeff${LINE}`,
  "a path that climbs": LINE.replace('"a"', '"../a"'),
  "an empty path": LINE.replace('"a"', '""'),
  "lines out of order": NEXT + LINE,
  "a line twice": LINE + LINE,
  "a path twice": LINE + LINE.replace('"Size":3', '"Size":4'),
  "a wipe that declares a file": WIPE + LINE,
  "a wipe that defines a hook": WIPE + HOOK,
  "a wipe behind a file": LINE + WIPE,
  "two wipes": WIPE + WIPE,
  "a hook behind a file": LINE + HOOK,
  "a hook twice": HOOK + HOOK,
  "two hooks of one name": HOOK + HOOK.replace("30", "31"),
  "hooks out of order": HOOK + HOOK.replace('"x"', '"w"'),
  "a hook that nobody defined, on a file": LINE.replace("}", ',"Hook":"x"}'),
  "a hook that nobody defined, on a folder": FOLDER.replace("}", ',"Hook":"y"}'),
  "another hook than those that are defined": HOOK + LINE.replace("}", ',"Hook":"y"}'),
  "a hook that touches a path that climbs": HOOK.replace('"t"', '"../t"'),
  "a hook that touches what is the agent's": HOOK.replace('"t"', '".fluxvault-t"'),
  "a hook that signals by a path that climbs": HOOK
    .replace('"Touch":"t"', '"Signal":"SIGHUP","PidFile":"a//b"'),
  "a folder and a file of one path": FOLDER + LINE,
  "a file and what is kept of one path": KEEP + LINE,
  "a file below what is kept": KEEP + LINE.replace('"a"', '"a/b"'),
  "a folder far below what is kept": KEEP + FOLDER.replace('"a"', '"a/b/c"'),
  "what is kept below what is kept": KEEP + KEEP.replace('"a"', '"a/b"'),
  "what is kept below what is kept, others between": KEEP + KEEP.replace('"a"', '"a.b"') +
    KEEP.replace('"a"', '"a/b"'),
  "what is kept below a file": LINE + KEEP.replace('"a"', '"a/b"'),
  "a folder below a file": LINE + FOLDER.replace('"a"', '"a/b"'),
  "a set in a set": SET + SET.replace('"a"', '"a/b"'),
  "a set far below a set, a folder between": SET + FOLDER.replace('"a"', '"a/b"') +
    SET.replace('"a"', '"a/b/c"'),
  "an absolute path below what is kept": KEEP.replace('"a"', '"/a"') +
    LINE.replace('"a"', '"/a/b"'),
  "a file that is a folder": LINE + LINE.replace('"a"', '"a/b"'),
  "a file that is a folder, others between": LINE + LINE.replace('"a"', '"a.b"') +
    LINE.replace('"a"', '"a/b/c"'),
};

for (const [what, text] of Object.entries(MALFORMED)) {
  Deno.test(`decodeManifest refuses ${what}`, () => {
    assertThrows(() => decodeManifest(encodeUtf8(text)), ProtocolError, "manifest-malformed");
  });
}

Deno.test("decodeManifest gives a list or a ProtocolError for any bytes", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const bytes = encodeUtf8(text + "\n") as Bytes;
      assertThrows(() => decodeManifest(bytes), ProtocolError);
    }),
  );
  assertEquals(decodeManifest(new Uint8Array(0)), { entries: [], hooks: [], isWipe: false });
});

Deno.test("encodeManifest refuses lists that no agent would take", async () => {
  const lists = [
    [entry("a"), entry("a")],
    [entry("a"), entry("a/b")],
    [entry("/a/b/c"), entry("/a")],
    [entry("../a")],
    [entry("\ud800")],
    [keep("a"), entry("a/b")],
    [entry("a/b"), keep("a")],
    [folder("a", { together: true }), folder("a/b", { together: true })],
    [entry("a", { hook: "x" })],
    [folder("a"), entry("a")],
  ];
  for (const entries of lists) {
    await assertRejects(() => encodeManifest(entries), ProtocolError, "manifest-malformed");
  }
});

Deno.test("encodeManifest refuses hooks and wipes that no agent would take", async () => {
  const manifests: Partial<Manifest>[] = [
    { hooks: [hook("x"), hook("x")] },
    { hooks: [hook("X")] },
    { hooks: [{ ...hook("x"), action: { kind: "touch", path: "../x" } }] },
    { hooks: Array.from({ length: MAX_HOOKS + 1 }, (_, i) => hook(`${i}`)) },
    { hooks: [hook("x")], isWipe: true },
    { entries: [entry("a")], isWipe: true },
  ];
  for (const { entries = [], ...rest } of manifests) {
    const run = () => encodeManifest(entries, rest);
    await assertRejects(run, ProtocolError, "manifest-malformed");
  }
});

Deno.test("decodeManifest takes 1,024 hooks, and not one more", async () => {
  const hooks = Array.from({ length: MAX_HOOKS }, (_, i) => hook(`${10_000 + i}`));
  const { bytes } = await encodeManifest([], { hooks });
  assertEquals(decodeManifest(bytes).hooks.length, 1_024);
  const more = encodeUtf8(decodeUtf8(bytes) + HOOK);
  assertThrows(() => decodeManifest(more), ProtocolError, "manifest-malformed");
});

Deno.test("decodeManifest takes folders in folders, a set below them, and what is kept in a set", async () => {
  const entries = [
    folder("a"),
    folder("a/b"),
    folder("a/b/c", { together: true }),
    keep("a/b/c/d"),
    entry("a/b/c/e"),
    folder("a/b/c2", { together: true }),
    keep("a/b/c2x"),
  ];
  const { bytes } = await encodeManifest(entries);
  assertEquals(decodeManifest(bytes).entries, entries);
});

/** Returns how long paths with these folders take once, in milliseconds. */
async function timeOf(folders: string): Promise<number> {
  const entries = Array.from({ length: 1_000 }, (_, i) => entry(`${i}/${folders}x`));
  const start = performance.now();
  const { bytes } = await encodeManifest(entries);
  assertEquals(decodeManifest(bytes).entries.length, 1_000);
  return performance.now() - start;
}

Deno.test("encodeManifest and decodeManifest go by the length of paths, not by the folders on the way", async () => {
  let [flat, deep] = [Infinity, Infinity];
  // The best times of several: others work on the same machine, and more the longer something takes.
  for (let run = 0; run < 4 || (run < 60 && deep >= 6 * flat); run++) {
    flat = Math.min(flat, await timeOf(`${"a".repeat(69)}/`.repeat(4)));
    deep = Math.min(deep, await timeOf("a/".repeat(140)));
  }
  // About as long; where each folder on the way is looked up it is more than ten times as long.
  assert(deep < 6 * flat, `${deep} ms against ${flat} ms`);
});

Deno.test("encodeManifest keeps a relative path and the absolute one apart", async () => {
  const { bytes } = await encodeManifest([entry("a/b"), entry("/a"), entry("ab"), entry("a.b")]);
  assertEquals(decodeManifest(bytes).entries.length, 4);
});

Deno.test("encodeManifest and decodeManifest hold the longest path, and refuse 32 MiB and more", async () => {
  const segment = '"'.repeat(255);
  const { bytes } = await encodeManifest([entry([segment, segment, segment, segment].join("/"))]);
  assertEquals(decodeManifest(bytes).entries.length, 1);
  const tooLong = new Uint8Array(33_554_433);
  assertThrows(() => decodeManifest(tooLong), ProtocolError, "manifest-too-large");
});

Deno.test("encodeManifest and decodeManifest refuse more lines, or places, than anybody should hold", async () => {
  const many = Array.from({ length: MAX_MANIFEST_LINES + 1 }, (_, i) => keep(String(i)));
  await assertRejects(() => encodeManifest(many), ProtocolError, "manifest-too-large");
  const { bytes } = await encodeManifest(many.slice(1));
  assertEquals(decodeManifest(bytes).entries.length, MAX_MANIFEST_LINES);
  const next = encodeUtf8(`{"Path":"x","Kind":"keep"}\n`);
  const more = new Uint8Array([...bytes, ...next]);
  assertThrows(() => decodeManifest(more), ProtocolError, "manifest-too-large");
  const empty = new Uint8Array(33_554_432).fill(0x0a);
  assertThrows(() => decodeManifest(empty), ProtocolError, "manifest-too-large");
  const deep = Array.from({ length: 3_001 }, (_, i) => keep(`${i}${"/b".repeat(49)}`));
  await assertRejects(() => encodeManifest(deep), ProtocolError, "manifest-too-large");
});

Deno.test("splitLines allows lines of 4,096 bytes with their newline and not one more", () => {
  const fail = (reason: string): never => {
    throw new TypeError(reason);
  };
  assertEquals(splitLines(encodeUtf8("a".repeat(4_095) + "\nb\n"), fail).length, 2);
  assertThrows(() => splitLines(encodeUtf8("a".repeat(4_096) + "\n"), fail), TypeError);
  assertThrows(() => splitLines(encodeUtf8("a"), fail), TypeError);
});

Deno.test("decodeManifestBeside reads what decodeManifest reads, beside any manifest", async () => {
  const some = fc.record({
    entries: ENTRIES,
    hooks: fc.subarray([hook("a"), hook("b"), hook("c")]),
  });
  await fc.assert(
    fc.asyncProperty(some, some, ENTRIES, fc.nat(), async (one, other, shared, cut) => {
      const make = async ({ entries, hooks }: typeof one) => {
        const byPath = new Map([...shared, ...entries].map((entry) => [entry.path, entry]));
        const { bytes } = await encodeManifest(withoutNesting([...byPath.values()]), { hooks });
        return { bytes, manifest: decodeManifest(bytes) };
      };
      const [before, now] = [await make(one), await make(other)];
      const again = decodeManifestBeside(before, now.bytes);
      assertEquals(again, now.manifest);
      const known = new Set(before.manifest.entries.map((entry) => JSON.stringify(entry)));
      const objects = new Set(before.manifest.entries);
      for (const entry of again.entries) {
        assertEquals(objects.has(entry), known.has(JSON.stringify(entry)));
      }
      const broken = now.bytes.slice();
      const at = cut % Math.max(1, broken.length);
      broken[at] = (broken[at] ?? 0) ^ 1;
      assertEquals(
        attempt(() => decodeManifestBeside(before, broken)),
        attempt(() => decodeManifest(broken)),
      );
    }),
  );
});

function withoutNesting(entries: readonly FileEntry[]): FileEntry[] {
  const paths = entries.map(({ path }) => path);
  return entries.filter(({ path }) => !paths.some((other) => other.startsWith(`${path}/`)));
}

function attempt<T>(work: () => T): T | string {
  try {
    return work();
  } catch (error) {
    assert(error instanceof ProtocolError);
    return error.code;
  }
}
