import { readRequest } from "../../../../keeper/commands/ca/request_file.ts";
import { encodePem } from "../../../../protocol/certificates/mod.ts";
import { ConfigError, encodeUtf8 } from "../../../../protocol/mod.ts";
import { assertEquals, assertThrows } from "../../../support/assert.ts";

const DER = Uint8Array.from({ length: 100 }, (_, index) => index);

Deno.test("readRequest takes PEM of both labels, with text around it, and DER as it is", () => {
  const pem = encodePem("CERTIFICATE REQUEST", DER);
  for (
    const text of [
      pem,
      pem.replaceAll("\n", "\r\n"),
      `Certificate Request:\n    Data:\n${pem}`,
      pem.replaceAll("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"),
    ]
  ) {
    assertEquals(readRequest(encodeUtf8(text), "file"), DER);
  }
  assertEquals(readRequest(DER, "file"), DER);
});

Deno.test("readRequest refuses other PEM, and private keys of every kind", () => {
  for (const label of ["CERTIFICATE", "PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"]) {
    const bytes = encodeUtf8(encodePem("PRIVATE KEY", DER).replaceAll("PRIVATE KEY", label));
    assertThrows(() => readRequest(bytes, "file"), ConfigError);
  }
  const cut = encodeUtf8(encodePem("CERTIFICATE REQUEST", DER).replace("-----END", "-----"));
  assertThrows(() => readRequest(cut, "file"), ConfigError);
});
