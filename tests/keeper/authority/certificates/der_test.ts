import {
  encodeDer,
  encodeInteger,
  isWholeSequence,
} from "../../../../keeper/authority/certificates/der.ts";
import { encodeHex } from "../../../../protocol/mod.ts";
import { assertEquals } from "../../../support/assert.ts";

Deno.test("encodeDer writes the shortest length", () => {
  const heads = [0, 127, 128, 255, 256, 65_536].map((length) =>
    encodeHex(encodeDer(0x30, new Uint8Array(length)).subarray(0, 5))
  );
  assertEquals(heads.map((head, index) => index < 1 ? head : head.slice(0, 10)), [
    "3000",
    "307f000000",
    "3081800000",
    "3081ff0000",
    "3082010000",
    "3083010000",
  ]);
});

Deno.test("encodeInteger writes numbers that are not negative", () => {
  assertEquals(
    [0, 1, 127, 128, 255, 256, 2 ** 40].map((value) => encodeHex(encodeInteger(value))),
    [
      "020100",
      "020101",
      "02017f",
      "02020080",
      "020200ff",
      "02020100",
      "0206010000000000",
    ],
  );
});

Deno.test("isWholeSequence refuses another tag, another length, and a length in a longer form", () => {
  for (const length of [0, 1, 127, 128, 300]) {
    const whole = encodeDer(0x30, new Uint8Array(length));
    assertEquals(isWholeSequence(whole), true);
    assertEquals(isWholeSequence(whole.subarray(0, -1)), false);
    assertEquals(isWholeSequence(encodeDer(0x31, new Uint8Array(length))), false);
  }
  for (
    const bytes of [[], [0x30], [0x30, 0x80], [0x30, 0x81, 0x01, 0], [0x30, 0x85, 0, 0, 0, 0, 0]]
  ) {
    assertEquals(isWholeSequence(Uint8Array.from(bytes)), false);
  }
});
