import {
  bytesOf,
  countOf,
  decodeIndex,
  encodeIndex,
  listOf,
  optionalTextOf,
  revocationOf,
  serialOf,
  textOf,
  timeOf,
} from "../../../../keeper/authority/state/index_members.ts";
import { encodeUtf8, StorageError } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../../support/assert.ts";

Deno.test("decodeIndex gives back members, and refuses other versions and what is no object", () => {
  assertEquals(decodeIndex(encodeIndex({ a: 1 })), { version: 1, a: 1 });
  for (const text of ["", "nonsense", "[]", "null", "1", "{}", '{"version":2}', '{"version":1']) {
    const error = assertThrows(() => decodeIndex(encodeUtf8(text)), StorageError);
    assertEquals(error.code, "state-malformed");
  }
});

Deno.test("the readers of members refuse what is of another kind, and say where", () => {
  const readers: readonly ((value: unknown, what: string) => unknown)[] = [
    textOf,
    optionalTextOf,
    serialOf,
    countOf,
    timeOf,
    bytesOf,
    revocationOf,
    (value, what) => listOf(value, what, textOf),
  ];
  for (const read of readers) {
    for (const value of [undefined, true, -1, 0.5, {}, ["", 1], ""]) {
      const error = assertThrows(() => read(value, "a.b"), StorageError);
      assert(error.message.includes("a.b"), error.message);
    }
  }
});

Deno.test("listOf tells each item where it stands", () => {
  assertEquals(listOf(["x", "y"], "a", (item, what) => `${item}${what}`), ["xa[0]", "ya[1]"]);
});
