import {
  checkInputSize,
  parseJson,
  parseMembers,
} from "../../../../keeper/commands/calls/call_input.ts";
import { ConfigError } from "../../../../protocol/errors.ts";
import { assert, assertEquals, assertThrows } from "../../../support/assert.ts";

Deno.test("parseMembers reads texts, and JSON behind :=", () => {
  assertEquals(
    parseMembers(["name=db 1", "days:=7", "dry:=true", "tags:=[1]", "empty=", "sum=a=b:=c"]),
    { name: "db 1", days: 7, dry: true, tags: [1], empty: "", sum: "a=b:=c" },
  );
});

Deno.test("parseMembers reads nothing where there is nothing", () => {
  assertEquals(parseMembers([]), undefined);
});

Deno.test("parseMembers takes __proto__ for a name like any other", () => {
  const members = parseMembers(['__proto__:={"isAdmin":true}']);
  assertEquals(Object.keys(members ?? {}), ["__proto__"]);
  assertEquals(Object.getPrototypeOf(members), Object.prototype);
});

Deno.test("parseMembers refuses what has no form, and repeats no value", () => {
  for (const item of ["hunter2", "=hunter2", ":=1", "a b=hunter2", "1=hunter2", "a:={hunter2"]) {
    const error = assertThrows(() => parseMembers([item]), ConfigError);
    assert(!`${error.message} ${error.hint}`.includes("hunter2"), error.message);
  }
  assertThrows(() => parseMembers(["a=1", "a:=2"]), ConfigError);
});

Deno.test("parseJson says where what is no JSON came from", () => {
  const error = assertThrows(() => parseJson("{hunter2", "--input"), ConfigError);
  assertEquals([error.source, error.message.includes("hunter2")], ["--input", false]);
});

Deno.test("checkInputSize refuses what no call takes", () => {
  checkInputSize(undefined);
  checkInputSize("x".repeat(65_022));
  assertThrows(() => checkInputSize("x".repeat(65_023)), ConfigError);
});
