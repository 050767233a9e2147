import { readIpAddress } from "../../../../keeper/authority/certificates/ip_address.ts";
import { encodeHex } from "../../../../protocol/mod.ts";
import { assertEquals } from "../../../support/assert.ts";

const GOOD: readonly (readonly [text: string, short: string, bytes: string])[] = [
  ["10.0.0.7", "10.0.0.7", "0a000007"],
  ["255.255.255.255", "255.255.255.255", "ffffffff"],
  ["::", "::", "00".repeat(16)],
  ["::1", "::1", `${"00".repeat(15)}01`],
  ["FD00:0:0::7", "fd00::7", `fd00${"00".repeat(13)}07`],
  ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
  ["::ffff:10.0.0.7", "::ffff:a00:7", `${"00".repeat(10)}ffff0a000007`],
];

for (const [text, short, bytes] of GOOD) {
  Deno.test(`readIpAddress reads ${text}`, () => {
    const address = readIpAddress(text);
    assertEquals([address?.text, encodeHex(address?.bytes ?? new Uint8Array())], [short, bytes]);
  });
}

Deno.test("readIpAddress refuses what is no address", () => {
  for (
    const text of ["", "1.2.3", "01.2.3.4", "256.1.1.1", "a:b", ":::", "1::2::3", "[::1]", "::1/64"]
  ) {
    assertEquals(readIpAddress(text), null, text);
  }
});
