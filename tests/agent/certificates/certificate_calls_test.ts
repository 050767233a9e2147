import { base64 } from "@scure/base";
import { CERTIFICATE, REVOCATIONS } from "../../../agent/certificates/certificate_calls.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const LIST = base64.encode(new Uint8Array([1, 2, 3]));
const ANSWER = { Chain: ["a", "b"], Root: "r", NotAfter: "2026-11-27T00:00:00Z" };

Deno.test("CERTIFICATE reads an answer with two lists, one, or none", async () => {
  assertEquals(await CERTIFICATE.parseOutput?.(ANSWER), {
    chain: ["a", "b"],
    root: "r",
    lists: [],
  });
  const one = await CERTIFICATE.parseOutput?.({
    ...ANSWER,
    Revocations: LIST,
    RootRevocations: null,
  });
  assertEquals(one?.lists.map((list) => [...list]), [[1, 2, 3]]);
  const both = await CERTIFICATE.parseOutput?.({
    ...ANSWER,
    Revocations: LIST,
    RootRevocations: LIST,
  });
  assertEquals(both?.lists.length, 2);
});

Deno.test("CERTIFICATE refuses answers of another form", () => {
  for (
    const answer of [
      undefined,
      null,
      [],
      {},
      { ...ANSWER, Chain: "a" },
      { ...ANSWER, Chain: ["a", 1] },
      { ...ANSWER, Root: null },
      { ...ANSWER, Root: "r".repeat(20_000) },
      { ...ANSWER, Revocations: "*" },
      { ...ANSWER, Revocations: 7 },
    ]
  ) {
    assertThrows(() => CERTIFICATE.parseOutput?.(answer), TypeError);
  }
});

Deno.test("REVOCATIONS reads one list or two, and refuses none", async () => {
  assertEquals((await REVOCATIONS.parseInput?.({ Revocations: LIST }))?.length, 1);
  const both = await REVOCATIONS.parseInput?.({ Revocations: LIST, RootRevocations: LIST });
  assertEquals(both?.length, 2);
  for (const input of [undefined, {}, { Revocations: null }, { Revocations: "" }, [LIST]]) {
    assertThrows(() => REVOCATIONS.parseInput?.(input), TypeError);
  }
});
