import fc from "fast-check";
import { encodeHex } from "../../protocol/bytes.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import {
  decodeManifestLine,
  encodeManifestLine,
  isHookName,
  isSignalName,
  type ManifestLine,
} from "../../protocol/manifest_line.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";

const DIGEST = "ab".repeat(32);

/** Makes records of which some members may be absent. */
function someOf<T extends object, K extends keyof T>(
  model: { [key in keyof T]: fc.Arbitrary<T[key]> },
  requiredKeys: K[],
): fc.Arbitrary<Pick<T, K> & Partial<T>> {
  return fc.record(model, { requiredKeys }) as fc.Arbitrary<Pick<T, K> & Partial<T>>;
}

const PATH = fc.string({ unit: "grapheme", maxLength: 30 });
const HOOK_NAME = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/);
const MODE = fc.nat(0o777);
const OWNER = fc.oneof(fc.nat(), fc.constant(2 ** 32 - 2));
const YES = fc.constant(true as const);

const FILE = someOf({
  kind: fc.constant("file" as const),
  path: PATH,
  digest: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(encodeHex),
  size: fc.oneof(fc.nat(), fc.constant(2 ** 40)),
  strategy: fc.constantFrom("STRICT" as const, "ENSURE_CREATED" as const),
  mode: MODE,
  uid: OWNER,
  gid: OWNER,
  inPlace: YES,
  leaseS: fc.integer({ min: 1, max: 31_622_400 }),
  hook: HOOK_NAME,
  readers: fc.uniqueArray(fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/), {
    maxLength: 24,
  }).map((names) => names.sort()),
}, ["kind", "path", "digest", "size", "strategy", "mode"]);

const FOLDER = someOf({
  kind: fc.constant("folder" as const),
  path: PATH,
  strategy: fc.constantFrom(
    "STRICT" as const,
    "ALLOW_ADDS" as const,
    "ENSURE_CREATED" as const,
  ),
  mode: MODE,
  uid: OWNER,
  gid: OWNER,
  together: YES,
  hook: HOOK_NAME,
}, ["kind", "path", "strategy", "mode"]);

const ACTION = fc.oneof(
  fc.record({ kind: fc.constant("touch" as const), path: PATH }),
  fc.record({
    kind: fc.constant("run" as const),
    command: fc.tuple(PATH.filter((word) => word !== ""), fc.array(PATH, { maxLength: 63 }))
      .map(([program, words]) => [program, ...words]),
  }),
  fc.record({
    kind: fc.constant("signal" as const),
    signal: fc.stringMatching(/^SIG[A-Z][A-Z0-9]{0,15}$/),
    pidFile: fc.option(PATH),
  }),
);

const LINE: fc.Arbitrary<ManifestLine> = fc.oneof(
  fc.constant({ kind: "wipe" as const }),
  fc.record({
    kind: fc.constant("hook" as const),
    hook: fc.record({
      name: HOOK_NAME,
      action: ACTION,
      timeoutS: fc.integer({ min: 1, max: 3_600 }),
    }),
  }),
  fc.record({
    kind: fc.constant("entry" as const),
    entry: fc.oneof(
      FILE,
      FOLDER,
      fc.record({ kind: fc.constant("keep" as const), path: PATH }),
    ),
  }),
) as fc.Arbitrary<ManifestLine>;

Deno.test("decodeManifestLine reads what encodeManifestLine writes", () => {
  fc.assert(
    fc.property(LINE, (line) => {
      const text = encodeManifestLine(line);
      const read = decodeManifestLine(text);
      assertEquals(read, structuredClone(line));
      assertEquals(encodeManifestLine(read), text);
    }),
    { numRuns: 300 },
  );
});

const WRITTEN: Readonly<Record<string, readonly [ManifestLine, string]>> = {
  "a wipe": [{ kind: "wipe" }, '{"Kind":"wipe"}'],
  "a file with all it may have": [
    {
      kind: "entry",
      entry: {
        kind: "file",
        path: "a",
        digest: DIGEST,
        size: 3,
        mode: 0o640,
        strategy: "ENSURE_CREATED",
        uid: 0,
        gid: 4_294_967_294,
        inPlace: true,
        leaseS: 31_622_400,
        hook: "reload",
        readers: ["0-x", "db", "web"],
      },
    },
    `{"Path":"a","Kind":"file","Digest":"${DIGEST}","Size":3,"Mode":416,` +
    '"Strategy":"ENSURE_CREATED","Uid":0,"Gid":4294967294,"InPlace":true,"LeaseS":31622400,' +
    '"Hook":"reload","Readers":["0-x","db","web"]}',
  ],
  "a file that nobody may read": [
    {
      kind: "entry",
      entry: {
        kind: "file",
        path: "a",
        digest: DIGEST,
        size: 3,
        mode: 0o600,
        strategy: "STRICT",
        readers: [],
      },
    },
    `{"Path":"a","Kind":"file","Digest":"${DIGEST}","Size":3,"Mode":384,"Strategy":"STRICT",` +
    '"Readers":[]}',
  ],
  "a folder with all it may have": [
    {
      kind: "entry",
      entry: {
        kind: "folder",
        path: "/tls",
        mode: 0o700,
        strategy: "ALLOW_ADDS",
        uid: 1,
        gid: 2,
        together: true,
        hook: "0",
      },
    },
    '{"Path":"/tls","Kind":"folder","Mode":448,"Strategy":"ALLOW_ADDS","Uid":1,"Gid":2,' +
    '"Together":true,"Hook":"0"}',
  ],
  "what is kept": [
    { kind: "entry", entry: { kind: "keep", path: "a/b" } },
    '{"Path":"a/b","Kind":"keep"}',
  ],
  "a hook that touches": [
    { kind: "hook", hook: { name: "x", action: { kind: "touch", path: "t" }, timeoutS: 1 } },
    '{"Kind":"hook","Name":"x","Touch":"t","TimeoutS":1}',
  ],
  "a hook that runs": [
    {
      kind: "hook",
      hook: {
        name: "x-1",
        action: { kind: "run", command: ["/bin/nginx", "-s", "", "reload"] },
        timeoutS: 3_600,
      },
    },
    '{"Kind":"hook","Name":"x-1","Run":["/bin/nginx","-s","","reload"],"TimeoutS":3600}',
  ],
  "a hook that signals the application": [
    {
      kind: "hook",
      hook: {
        name: "x",
        action: { kind: "signal", signal: "SIGHUP", pidFile: null },
        timeoutS: 30,
      },
    },
    '{"Kind":"hook","Name":"x","Signal":"SIGHUP","TimeoutS":30}',
  ],
  "a hook that signals whom a file names": [
    {
      kind: "hook",
      hook: {
        name: "x",
        action: { kind: "signal", signal: "SIGUSR1", pidFile: "/run/x.pid" },
        timeoutS: 30,
      },
    },
    '{"Kind":"hook","Name":"x","Signal":"SIGUSR1","PidFile":"/run/x.pid","TimeoutS":30}',
  ],
};

for (const [what, [line, text]] of Object.entries(WRITTEN)) {
  Deno.test(`encodeManifestLine writes ${what} exactly so, and it is read again`, () => {
    assertEquals(encodeManifestLine(line), text);
    assertEquals(decodeManifestLine(text), line);
  });
}

const [FILE_TEXT, FOLDER_TEXT, RUN_TEXT] = [
  `{"Path":"a","Kind":"file","Digest":"${DIGEST}","Size":3,"Mode":384,"Strategy":"STRICT"}`,
  '{"Path":"a","Kind":"folder","Mode":448,"Strategy":"STRICT"}',
  '{"Kind":"hook","Name":"x","Run":["/a"],"TimeoutS":30}',
] as const;
const [TOUCH_TEXT, SIGNAL_TEXT] = [
  '{"Kind":"hook","Name":"x","Touch":"t","TimeoutS":30}',
  '{"Kind":"hook","Name":"x","Signal":"SIGHUP","TimeoutS":30}',
] as const;

const READERS_25 = Array.from({ length: 25 }, (_, i) => `c${i + 10}`);

/** Puts members before the closing brace. */
function withMore(text: string, members: string): string {
  return text.replace(/}$/, `,${members}}`);
}

const BAD: Readonly<Record<string, string>> = {
  "nothing": "",
  "a list": "[]",
  "no kind": "{}",
  "another kind": '{"Path":"a","Kind":"link"}',
  "a wipe with a path": '{"Kind":"wipe","Path":"a"}',
  "a keep with a mode": '{"Path":"a","Kind":"keep","Mode":384}',
  "a keep without a path": '{"Kind":"keep"}',
  "a keep whose members change places": '{"Kind":"keep","Path":"a"}',
  "a file without a digest": FILE_TEXT.replace(`"Digest":"${DIGEST}",`, ""),
  "a file that allows additions": FILE_TEXT.replace("STRICT", "ALLOW_ADDS"),
  "a file with a user below 0": withMore(FILE_TEXT, '"Uid":-1'),
  "a file with the user that means none": withMore(FILE_TEXT, '"Uid":4294967295'),
  "a file with the group that means none": withMore(FILE_TEXT, '"Gid":4294967295'),
  "a file with a user in quotes": withMore(FILE_TEXT, '"Uid":"0"'),
  "a file with no user as null": withMore(FILE_TEXT, '"Uid":null'),
  "a file whose group comes before its user": withMore(FILE_TEXT, '"Gid":1,"Uid":1'),
  "a file that is not in place in so many words": withMore(FILE_TEXT, '"InPlace":false'),
  "a file that is in place by a number": withMore(FILE_TEXT, '"InPlace":1'),
  "a lease of no time": withMore(FILE_TEXT, '"LeaseS":0'),
  "a lease of more than 366 days": withMore(FILE_TEXT, '"LeaseS":31622401'),
  "a lease of half a second": withMore(FILE_TEXT, '"LeaseS":0.5'),
  "a file of a set of its own": withMore(FILE_TEXT, '"Together":true'),
  "a file with a hook of no name": withMore(FILE_TEXT, '"Hook":""'),
  "a file with a hook in capitals": withMore(FILE_TEXT, '"Hook":"X"'),
  "a file with a hook of 64 letters": withMore(FILE_TEXT, `"Hook":"${"x".repeat(64)}"`),
  "a file whose readers are a text": withMore(FILE_TEXT, '"Readers":"web"'),
  "a file whose readers are null": withMore(FILE_TEXT, '"Readers":null'),
  "a file with a number among its readers": withMore(FILE_TEXT, '"Readers":[1]'),
  "a file with a reader in capitals": withMore(FILE_TEXT, '"Readers":["Web"]'),
  "a file with a reader of no name": withMore(FILE_TEXT, '"Readers":[""]'),
  "a file with a reader that is no component": withMore(FILE_TEXT, '"Readers":["a_b"]'),
  "a file with a reader of 64 letters": withMore(FILE_TEXT, `"Readers":["${"a".repeat(64)}"]`),
  "a file with a reader twice": withMore(FILE_TEXT, '"Readers":["a","a"]'),
  "a file whose readers descend": withMore(FILE_TEXT, '"Readers":["b","a"]'),
  "a file with 25 readers": withMore(FILE_TEXT, `"Readers":${JSON.stringify(READERS_25)}`),
  "a file whose readers come before its hook": withMore(FILE_TEXT, '"Readers":[],"Hook":"x"'),
  "a folder with readers": withMore(FOLDER_TEXT, '"Readers":[]'),
  "a folder with a digest": FOLDER_TEXT.replace('"Mode"', `"Digest":"${DIGEST}","Mode"`),
  "a folder of another strategy": FOLDER_TEXT.replace("STRICT", "LAX"),
  "a folder of mode 0o1000": FOLDER_TEXT.replace("448", "512"),
  "a folder with a lease": withMore(FOLDER_TEXT, '"LeaseS":60'),
  "a folder in place": withMore(FOLDER_TEXT, '"InPlace":true'),
  "a folder not together in so many words": withMore(FOLDER_TEXT, '"Together":false'),
  "a hook without a name": RUN_TEXT.replace('"Name":"x",', ""),
  "a hook whose name starts with a hyphen": RUN_TEXT.replace('"x"', '"-x"'),
  "a hook that does nothing": '{"Kind":"hook","Name":"x","TimeoutS":30}',
  "a hook that does two things": RUN_TEXT.replace('"Run"', '"Touch":"t","Run"'),
  "a hook that runs nothing": RUN_TEXT.replace('["/a"]', "[]"),
  "a hook that runs a program of no name": RUN_TEXT.replace('["/a"]', '[""]'),
  "a hook that runs a text": RUN_TEXT.replace('["/a"]', '"/a"'),
  "a hook with a number among its words": RUN_TEXT.replace('["/a"]', '["/a",1]'),
  "a hook with a NUL in a word": RUN_TEXT.replace('["/a"]', '["/a","b\\u0000"]'),
  "a hook of 65 words": RUN_TEXT.replace('["/a"]', `["/a"${',"b"'.repeat(64)}]`),
  "a hook without its time": RUN_TEXT.replace(',"TimeoutS":30', ""),
  "a hook that has no time": RUN_TEXT.replace("30", "0"),
  "a hook that has more than an hour": RUN_TEXT.replace("30", "3601"),
  "a hook that touches a number": TOUCH_TEXT.replace('"t"', "1"),
  "a hook with a file of a number that touches": TOUCH_TEXT.replace('"T', '"PidFile":"p","T'),
  "a signal by its number": SIGNAL_TEXT.replace('"SIGHUP"', "1"),
  "a signal without its first letters": SIGNAL_TEXT.replace("SIGHUP", "HUP"),
  "a signal of 20 letters": SIGNAL_TEXT.replace("SIGHUP", `SIG${"A".repeat(17)}`),
  "a signal for no file in so many words": SIGNAL_TEXT.replace(
    '"Timeout',
    '"PidFile":null,"Timeout',
  ),
  "a member twice": withMore(FOLDER_TEXT, '"Mode":448'),
  "a hook with half a character in a word": RUN_TEXT.replace('["/a"]', '["/a","\\ud800"]'),
  "a newline behind it": `${FOLDER_TEXT}\n`,
};

for (const [what, text] of Object.entries(BAD)) {
  Deno.test(`decodeManifestLine refuses ${what}`, () => {
    assertThrows(() => decodeManifestLine(text), ProtocolError, "manifest-malformed");
  });
}

Deno.test("decodeManifestLine gives a line or manifest-malformed for any text and any object", () => {
  const decode = (text: string) => {
    try {
      assertEquals(encodeManifestLine(decodeManifestLine(text)), text);
    } catch (error) {
      assert(error instanceof ProtocolError && error.code === "manifest-malformed", `${error}`);
    }
  };
  fc.assert(fc.property(fc.string({ unit: "binary" }), decode));
  fc.assert(fc.property(fc.json(), decode));
  const members = fc.dictionary(
    fc.constantFrom("Path", "Digest", "Size", "Mode", "Uid", "Touch", "Run", "Signal", "Name"),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const kind = fc.constantFrom("file", "folder", "keep", "hook", "wipe");
  fc.assert(
    fc.property(kind, members, (Kind, rest) => {
      decode(JSON.stringify({ ...rest, Kind }));
    }),
  );
});

Deno.test("decodeManifestLine counts bytes in UTF-8 and not letters", () => {
  const lineOf = (letters: number) => `{"Path":"${"\u00e9".repeat(letters)}","Kind":"keep"}`;
  const rest = lineOf(0).length;
  const most = Math.floor((4_095 - rest) / 2);
  assertEquals(decodeManifestLine(lineOf(most)).kind, "entry");
  const run = () => decodeManifestLine(lineOf(most + 1));
  assertThrows(run, ProtocolError, "manifest-malformed");
});

Deno.test("encodeManifestLine refuses a line of more than 4,096 bytes, and so does decodeManifestLine", () => {
  const lineOf = (length: number): ManifestLine => {
    const command = ["/a", "b".repeat(length)];
    return { kind: "hook", hook: { name: "x", action: { kind: "run", command }, timeoutS: 30 } };
  };
  // With its newline: 4,095 bytes without.
  const rest = encodeManifestLine(lineOf(0)).length;
  const longest = encodeManifestLine(lineOf(4_095 - rest));
  assertEquals([longest.length, decodeManifestLine(longest).kind], [4_095, "hook"]);
  const run = () => encodeManifestLine(lineOf(4_096 - rest));
  assertThrows(run, ProtocolError, "manifest-too-large");
  const tooLong = longest.replace('"bb', '"bbb');
  assertThrows(() => decodeManifestLine(tooLong), ProtocolError, "manifest-malformed");
});

Deno.test("encodeManifestLine has room for all readers beside the longest of all else", () => {
  const text = encodeManifestLine({
    kind: "entry",
    entry: {
      kind: "file",
      // Each takes two bytes in JSON.
      path: '"'.repeat(1_024),
      digest: DIGEST,
      size: 2 ** 40,
      mode: 0o777,
      strategy: "ENSURE_CREATED",
      uid: 2 ** 32 - 2,
      gid: 2 ** 32 - 2,
      inPlace: true,
      leaseS: 31_622_400,
      hook: "x".repeat(63),
      readers: READERS_25.slice(1).map((name) => name.padEnd(63, "x")),
    },
  });
  assert(text.length < 4_096);
});

Deno.test("encodeManifestLine refuses readers that no agent would take", () => {
  for (const readers of [["Web"], ["b", "a"], ["a", "a"], [""], READERS_25]) {
    const file = { kind: "file", path: "a", digest: DIGEST, size: 3, mode: 0o600 } as const;
    const entry = { ...file, strategy: "STRICT", readers } as const;
    const run = () => encodeManifestLine({ kind: "entry", entry });
    assertThrows(run, ProtocolError, "manifest-malformed");
  }
});

Deno.test("isHookName and isSignalName tell names from other texts", () => {
  assertEquals(["a", "0-a", "a".repeat(63)].map(isHookName), [true, true, true]);
  assertEquals(["", "-a", "A", "a_b", "a\n", "a".repeat(64)].some(isHookName), false);
  assertEquals(["SIGHUP", "SIGUSR1", "SIGRTMIN"].map(isSignalName), [true, true, true]);
  assertEquals(["SIG", "HUP", "SIGhup", "SIG1", "SIGHUP\n"].some(isSignalName), false);
});
