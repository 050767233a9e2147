import {
  type AppIndex,
  decodeAppIndex,
  emptyAppIndex,
  encodeAppIndex,
} from "../../../../keeper/authority/state/app_index.ts";
import { decodeUtf8, encodeUtf8, StorageError } from "../../../../protocol/mod.ts";
import { assertEquals, assertThrows } from "../../../support/assert.ts";

const VALIDITY = { notBeforeMs: Date.UTC(2030, 0, 1), notAfterMs: Date.UTC(2032, 0, 1) };
const CERTIFICATE = new Uint8Array([1, 2, 3]);
const RECORD = {
  serial: "44".repeat(16),
  keyNumber: 1,
  component: null,
  purpose: "agent",
  declared: null,
  usage: ["server"],
  names: ["a.example"],
  holder: null,
  ...VALIDITY,
  certificate: CERTIFICATE,
  lifetimeMs: 60_000,
  revoked: null,
} as const;
const INDEX: AppIndex = {
  app: "demo",
  allowed: ["example.org"],
  keys: [{
    number: 1,
    keyId: "41".repeat(16),
    certificates: [{
      serial: "42".repeat(16),
      ...VALIDITY,
      certificate: CERTIFICATE,
      permitted: ["demo.example", "10.0.0.7"],
    }],
  }],
  issued: [RECORD, {
    ...RECORD,
    serial: "45".repeat(16),
    component: "db",
    purpose: "application",
    declared: "web",
    usage: ["server", "client"],
    holder: "SHA256:x",
    revoked: { revokedMs: 9, reason: "unspecified" },
  }],
  revocations: null,
};

Deno.test("decodeAppIndex gives back what encodeAppIndex wrote", () => {
  for (const index of [INDEX, emptyAppIndex("demo")]) {
    assertEquals(decodeAppIndex(encodeAppIndex(index)), index);
  }
});

// deno-lint-ignore no-explicit-any
const DAMAGES: readonly (readonly [what: string, change: (index: any) => void])[] = [
  ["a list in the place of an object", (index) => index.keys[0] = []],
  ["an app that is none", (index) => index.app = ".."],
  ["a key without a certificate", (index) => index.keys[0].certificates = []],
  ["keys out of order", (index) => index.keys.push(index.keys[0])],
  ["a serial number twice", (index) => index.issued.push(index.issued[0])],
  ["a serial number that is none", (index) => index.issued[0].serial = "44"],
  ["an unknown purpose", (index) => index.issued[0].purpose = "root"],
  ["an unknown usage", (index) => index.issued[0].usage = ["email"]],
  ["a certificate that is damaged", (index) => index.issued[0].certificate = "?"],
  ["a time that is none", (index) => index.issued[0].notAfter = "soon"],
  ["a life that is none", (index) => index.issued[0].lifetimeMs = 0],
  ["a revocation without a reason", (index) => index.issued[1].revoked = { at: "2030-01-01" }],
  ["no word on a revocation", (index) => delete index.issued[0].revoked],
];

for (const [what, change] of DAMAGES) {
  Deno.test(`decodeAppIndex refuses ${what}`, () => {
    const index = JSON.parse(decodeUtf8(encodeAppIndex(INDEX)));
    change(index);
    const bytes = encodeUtf8(JSON.stringify(index));
    assertEquals(assertThrows(() => decodeAppIndex(bytes), StorageError).code, "state-malformed");
  });
}
