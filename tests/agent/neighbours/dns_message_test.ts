import {
  decodeAnswer,
  encodeQuestion,
  isTruncated,
  reverseName,
} from "../../../agent/neighbours/dns_message.ts";
import { answerDns } from "../../support/dns_server.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const RECORDS = {
  names: { "172.23.0.3": ["fluxweb_shop.net.", "other."] },
  addresses: { fluxweb_shop: ["172.23.0.3", "172.23.0.4"] },
};
const QUESTION = { id: 0xabcd, name: "fluxweb_shop", type: "A" } as const;

Deno.test("reverseName turns an address round", () => {
  assertEquals(reverseName("172.23.0.3"), "3.0.23.172.in-addr.arpa");
  assertEquals(reverseName("::ffff:10.0.0.1"), "1.0.0.10.in-addr.arpa");
  assertEquals(reverseName("fd00::1"), `1.${"0.".repeat(29)}d.f.ip6.arpa`);
  assertEquals(reverseName("name"), null);
});

Deno.test("decodeAnswer reads the names of an address and the addresses of a name", () => {
  const name = { id: 1, name: "3.0.23.172.in-addr.arpa", type: "PTR" } as const;
  assertEquals(decodeAnswer(answerDns(encodeQuestion(name), RECORDS), name), [
    "fluxweb_shop.net",
    "other",
  ]);
  const answer = answerDns(encodeQuestion(QUESTION), RECORDS);
  assertEquals(decodeAnswer(answer, QUESTION), ["172.23.0.3", "172.23.0.4"]);
  const unknown = { ...QUESTION, name: "unknown" };
  assertEquals(decodeAnswer(answerDns(encodeQuestion(unknown), RECORDS), unknown), []);
});

Deno.test("decodeAnswer refuses what is no answer, and whatever is cut off", () => {
  const answer = answerDns(encodeQuestion(QUESTION), RECORDS);
  for (const other of [{ id: 1 }, { type: "AAAA" }, { name: "fluxweb_shop.a" }] as const) {
    assertThrows(() => decodeAnswer(answer, { ...QUESTION, ...other }), RangeError);
  }
  const spelled = { ...QUESTION, name: "FLUXWEB_shop." };
  assertEquals(decodeAnswer(answer, spelled).length, 2);
  const two = Uint8Array.from(answer);
  two[5] = 2;
  assertThrows(() => decodeAnswer(two, QUESTION), RangeError);
  assertThrows(() => decodeAnswer(encodeQuestion(QUESTION), QUESTION), RangeError);
  for (let length = 0; length < answer.length; length++) {
    assertThrows(() => decodeAnswer(answer.subarray(0, length), QUESTION), RangeError);
  }
});

Deno.test("decodeAnswer takes nothing from an answer that is cut off, and isTruncated says so", () => {
  const answer = answerDns(encodeQuestion(QUESTION), RECORDS);
  assertEquals(isTruncated(answer), false);
  answer[2] = (answer[2] ?? 0) | 2;
  assertEquals([isTruncated(answer), decodeAnswer(answer, QUESTION)], [true, []]);
  assertEquals(decodeAnswer(answer.subarray(0, 30), QUESTION), []);
});

Deno.test("decodeAnswer is led round in no circle", () => {
  const answer = answerDns(encodeQuestion(QUESTION), RECORDS);
  answer.set([0xc0, 12], 12);
  assertThrows(() => decodeAnswer(answer, QUESTION), RangeError);
});

Deno.test("decodeAnswer reads no name that is longer than DNS allows", () => {
  const question = { id: 1, name: "3.0.23.172.in-addr.arpa", type: "PTR" } as const;
  const answer = (lengths: readonly number[]) => {
    const name = lengths.map((length) => "x".repeat(length)).join(".");
    const records = { names: { "172.23.0.3": [name] }, addresses: {} };
    return decodeAnswer(answerDns(encodeQuestion(question), records), question);
  };
  assertEquals(answer([63, 63, 63, 61]).map((name) => name.length), [253]);
  assertThrows(() => answer([63, 63, 63, 62]), RangeError);
  assertThrows(() => answer(Array<number>(900).fill(63)), RangeError);
});

Deno.test("encodeQuestion refuses a name that cannot be", () => {
  for (const name of ["", "a..b", "x".repeat(64)]) {
    assertThrows(() => encodeQuestion({ ...QUESTION, name }), RangeError);
  }
});
