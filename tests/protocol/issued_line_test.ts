import fc from "fast-check";
import { encodeHex } from "../../protocol/bytes.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import {
  certificateMembers,
  isCertificateName,
  issuedMembers,
  readCertificate,
  readIssued,
} from "../../protocol/issued_line.ts";
import {
  decodeManifestLine,
  encodeManifestLine,
  type ManifestLine,
} from "../../protocol/manifest_line.ts";
import type { IssuedEntry } from "../../protocol/manifest_entry.ts";
import { MessageFields } from "../../protocol/message_fields.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const DIGEST = "ab".repeat(32);
const NAME = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,62}$/);
const OWNER = fc.oneof(fc.nat(), fc.constant(2 ** 32 - 2));

const ISSUED = fc.record({
  kind: fc.constant("issued" as const),
  path: fc.string({ unit: "grapheme", maxLength: 30 }),
  certificate: NAME,
  part: fc.constantFrom("key" as const, "certificate" as const, "chain" as const, "root" as const),
  strategy: fc.constant("STRICT" as const),
  mode: fc.nat(0o777),
  uid: OWNER,
  gid: OWNER,
  inPlace: fc.constant(true as const),
  hook: NAME,
}, { requiredKeys: ["kind", "path", "certificate", "part", "strategy", "mode"] });

const CERTIFICATE = fc.record({
  name: NAME,
  key: fc.constantFrom("P-256" as const, "P-384" as const, "Ed25519" as const),
  terms: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(encodeHex),
});

Deno.test("readIssued and readCertificate read what the members say", () => {
  fc.assert(
    fc.property(ISSUED, CERTIFICATE, (entry, certificate) => {
      const read = new MessageFields(issuedMembers(entry as IssuedEntry), "a line");
      assertEquals(readIssued(read), { ...entry } as IssuedEntry);
      const fields = new MessageFields(certificateMembers(certificate), "a line");
      assertEquals(readCertificate(fields), { ...certificate });
    }),
  );
});

const WRITTEN: Readonly<Record<string, readonly [ManifestLine, string]>> = {
  "what is issued, with all it may have": [
    {
      kind: "entry",
      entry: {
        ...{ kind: "issued", path: "tls/key", certificate: "web-1", part: "key", mode: 0o600 },
        ...{ strategy: "STRICT", uid: 1, gid: 2, inPlace: true, hook: "0" },
      },
    },
    '{"Path":"tls/key","Kind":"issued","Certificate":"web-1","Part":"key","Mode":384,' +
    '"Strategy":"STRICT","Uid":1,"Gid":2,"InPlace":true,"Hook":"0"}',
  ],
  "a certificate": [
    { kind: "certificate", certificate: { name: "web", key: "Ed25519", terms: DIGEST } },
    `{"Kind":"certificate","Name":"web","Key":"Ed25519","Terms":"${DIGEST}"}`,
  ],
};

for (const [what, [line, text]] of Object.entries(WRITTEN)) {
  Deno.test(`encodeManifestLine writes ${what} exactly so, and it is read again`, () => {
    assertEquals(encodeManifestLine(line), text);
    assertEquals(decodeManifestLine(text), line);
  });
}

const [ISSUED_TEXT, CERTIFICATE_TEXT] = [
  '{"Path":"a","Kind":"issued","Certificate":"c","Part":"root","Mode":420,"Strategy":"STRICT"}',
  `{"Kind":"certificate","Name":"c","Key":"P-256","Terms":"${DIGEST}"}`,
] as const;

/** Puts members before the closing brace. */
function withMore(text: string, members: string): string {
  return text.replace(/}$/, `,${members}}`);
}

const BAD: Readonly<Record<string, string>> = {
  "what is issued of no certificate": ISSUED_TEXT.replace('"Certificate":"c",', ""),
  "what is issued of a certificate in capitals": ISSUED_TEXT.replace('"c"', '"C"'),
  "what is issued as another part": ISSUED_TEXT.replace("root", "pfx"),
  "what is issued once": ISSUED_TEXT.replace("STRICT", "ENSURE_CREATED"),
  "what is issued, with a digest": withMore(ISSUED_TEXT, `"Digest":"${DIGEST}"`),
  "what is issued, with a lease": withMore(ISSUED_TEXT, '"LeaseS":1'),
  "what is issued, not in place in so many words": withMore(ISSUED_TEXT, '"InPlace":false'),
  "a certificate without a name": CERTIFICATE_TEXT.replace('"Name":"c",', ""),
  "a certificate whose name starts with a hyphen": CERTIFICATE_TEXT.replace('"c"', '"-c"'),
  "a certificate for another key": CERTIFICATE_TEXT.replace("P-256", "RSA-2048"),
  "a certificate on terms of 31 bytes": CERTIFICATE_TEXT.replace("abab", "ab"),
  "a certificate with a path": withMore(CERTIFICATE_TEXT, '"Path":"a"'),
};

for (const [what, text] of Object.entries(BAD)) {
  Deno.test(`decodeManifestLine refuses ${what}`, () => {
    assertThrows(() => decodeManifestLine(text), ProtocolError, "manifest-malformed");
  });
}

Deno.test("isCertificateName tells names from other texts", () => {
  assertEquals(["web", "0-a", "a".repeat(63)].map(isCertificateName), [true, true, true]);
  assertEquals(["", "-a", "A", "a.b", "a\n", "a".repeat(64)].some(isCertificateName), false);
});
