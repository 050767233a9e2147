import {
  decodeRootIndex,
  encodeRootIndex,
  type RootIndex,
} from "../../../../keeper/authority/state/root_index.ts";
import { decodeUtf8, encodeUtf8, StorageError } from "../../../../protocol/mod.ts";
import { assertEquals, assertThrows } from "../../../support/assert.ts";

const VALIDITY = { notBeforeMs: Date.UTC(2030, 0, 1), notAfterMs: Date.UTC(2032, 0, 1) };
const INDEX: RootIndex = {
  id: "0123456789abcdef",
  type: "P-256",
  keyId: "41".repeat(16),
  root: { serial: "40".repeat(16), ...VALIDITY, certificate: new Uint8Array([1, 2, 3]) },
  intermediates: [{
    serial: "42".repeat(16),
    app: "demo",
    keyNumber: 1,
    ...VALIDITY,
    revoked: { revokedMs: 5, reason: "ca-compromise" },
  }, { serial: "43".repeat(16), app: "other", keyNumber: 2, ...VALIDITY, revoked: null }],
  revocations: {
    keyNumber: 1,
    number: 7,
    thisUpdateMs: 10,
    nextUpdateMs: 20,
    isStale: true,
    der: new Uint8Array([4]),
  },
};

Deno.test("decodeRootIndex gives back what encodeRootIndex wrote", () => {
  const bare = { ...INDEX, intermediates: [], revocations: null };
  for (const index of [INDEX, bare]) {
    assertEquals(decodeRootIndex(encodeRootIndex(index)), index);
  }
});

const DAMAGES:
  readonly (readonly [what: string, change: (index: Record<string, unknown>) => void])[] = [
    ["another version", (index) => index["version"] = 2],
    ["an id that is none", (index) => index["id"] = "../x"],
    ["an unknown kind of key", (index) => index["type"] = "RSA"],
    ["no root", (index) => delete index["root"]],
    ["a key id that leads elsewhere", (index) => index["keyId"] = "../x"],
    ["intermediates that are no list", (index) => index["intermediates"] = {}],
    ["an intermediate of no app", (index) => index["intermediates"] = [{ app: "a/b" }]],
    ["a list without a number", (index) => index["revocations"] = { keyNumber: 1 }],
  ];

for (const [what, change] of DAMAGES) {
  Deno.test(`decodeRootIndex refuses ${what}`, () => {
    const index = JSON.parse(decodeUtf8(encodeRootIndex(INDEX)));
    change(index);
    const bytes = encodeUtf8(JSON.stringify(index));
    assertEquals(assertThrows(() => decodeRootIndex(bytes), StorageError).code, "state-malformed");
  });
}
