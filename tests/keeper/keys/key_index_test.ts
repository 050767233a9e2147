import {
  decodeKeyIndex,
  encodeKeyIndex,
  isSameKey,
  type KeyEntry,
} from "../../../keeper/keys/key_index.ts";
import { encodeUtf8, StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";
import { KEY, NOW_MS } from "./key_fixtures.ts";

const ENTRIES: readonly KeyEntry[] = [
  { kind: "keeper-key", name: KEY.address, store: "system", createdMs: NOW_MS },
  { kind: "enrolment", name: "my-app", store: "file", createdMs: NOW_MS + 1 },
];

const ENTRY = {
  kind: "enrolment",
  name: "my-app",
  store: "file",
  created: "2030-01-01T00:00:00.000Z",
};

function fileOf(...keys: readonly unknown[]): Uint8Array {
  return encodeUtf8(JSON.stringify({ version: 1, keys }));
}

Deno.test("decodeKeyIndex reads what encodeKeyIndex wrote", () => {
  assertEquals(decodeKeyIndex(encodeKeyIndex(ENTRIES)), ENTRIES);
  assertEquals(decodeKeyIndex(encodeKeyIndex([])), []);
});

for (
  const [what, file] of [
    ["no JSON", encodeUtf8("{")],
    ["an array", encodeUtf8("[]")],
    ["another version", encodeUtf8('{"version":2,"keys":[]}')],
    ["no list", encodeUtf8('{"version":1,"keys":{}}')],
    ["an entry that is none", fileOf(null)],
    ["another kind", fileOf({ ...ENTRY, kind: "password" })],
    ["another store", fileOf({ ...ENTRY, store: "cloud" })],
    ["a name that is none", fileOf({ ...ENTRY, name: "../x" })],
    ["an address that is none", fileOf({ ...ENTRY, kind: "keeper-key" })],
    ["a time that is none", fileOf({ ...ENTRY, created: "yesterday" })],
    ["the same twice", fileOf(ENTRY, ENTRY)],
  ] as const
) {
  Deno.test(`decodeKeyIndex refuses ${what}`, () => {
    assertThrows(() => decodeKeyIndex(file), StorageError, "state-malformed");
  });
}

Deno.test("decodeKeyIndex reads the entry that the refused ones are made of", () => {
  assertEquals(decodeKeyIndex(fileOf(ENTRY)).length, 1);
});

Deno.test("isSameKey compares what a secret is for and whose it is, however an app is written", () => {
  const one = { kind: "enrolment", name: "a" } as const;
  assert(isSameKey(one, { ...one }));
  assert(isSameKey(one, { ...one, name: "A" }) && !isSameKey(one, { ...one, name: "b" }));
  const key = { ...one, kind: "keeper-key" } as const;
  assert(!isSameKey(one, key) && !isSameKey(key, { ...key, name: "A" }));
});
