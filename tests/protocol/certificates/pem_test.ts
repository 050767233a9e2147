import { encodeHex } from "../../../protocol/bytes.ts";
import { decodeBase64, decodePem, encodePem } from "../../../protocol/certificates/pem.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const BYTES = new Uint8Array(100).map((_, i) => i);
const PEM = encodePem("CERTIFICATE", BYTES);

Deno.test("encodePem writes lines of 64 characters, and a newline at the end", () => {
  const lines = PEM.split("\n");
  assertEquals(lines[0], "-----BEGIN CERTIFICATE-----");
  assertEquals(lines.slice(1, -2).map(({ length }) => length), [64, 64, 8]);
  assertEquals(lines.slice(-2), ["-----END CERTIFICATE-----", ""]);
});

Deno.test("decodePem reads several blocks, and either end of line", () => {
  const texts = [PEM, PEM + PEM, PEM.replaceAll("\n", "\r\n"), PEM.trimEnd(), `\n${PEM}\n`];
  for (const text of texts) {
    const found = decodePem("CERTIFICATE", text) ?? [];
    assert(found.length > 0, text);
    for (const der of found) assertEquals(encodeHex(der), encodeHex(BYTES));
  }
  assertEquals(decodePem("CERTIFICATE", PEM + PEM)?.length, 2);
});

Deno.test("decodePem refuses other labels, other text, blocks without an end, and nothing", () => {
  const lines = PEM.split("\n");
  for (
    const text of [
      "",
      `of the authority:\n${PEM}`,
      PEM.replaceAll("CERTIFICATE", "PRIVATE KEY"),
      lines.slice(0, -2).join("\n"),
      PEM.replace("AAEC", "AA*C"),
      `${lines[0]}\n${lines.at(-2)}\n`,
      PEM + "x",
      "\n".repeat(300_000),
    ]
  ) {
    assertEquals(decodePem("CERTIFICATE", text), null, text.slice(0, 80));
  }
});

Deno.test("decodeBase64 takes base64 with its padding alone", () => {
  assertEquals(encodeHex(decodeBase64("AAE=") ?? BYTES), "0001");
  for (const other of ["AAE", "AA E=", "", "AA-_", null, 7]) {
    assertEquals(decodeBase64(other), null);
  }
});
