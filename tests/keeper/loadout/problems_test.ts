import { MAX_PROBLEMS } from "../../../keeper/loadout/limits.ts";
import { anyOf, Problems, problemsError, quoted } from "../../../keeper/loadout/problems.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { formatError } from "../../../protocol/host/mod.ts";

const place = (order: number) => ({ text: `a.yaml:${order}:1`, order });

Deno.test("Problems tells mistakes in the order of their places, each once", () => {
  const problems = new Problems();
  assert(problems.isEmpty);
  problems.add(place(9), "b", "B.");
  problems.add(place(2), "a", "A.");
  problems.add(place(9), "b", "B, said otherwise.");
  problems.warn(place(1), "w", "W.");
  assert(!problems.isEmpty);
  assertEquals(problems.errors(), [
    { place: "a.yaml:2:1", problem: "a", hint: "A." },
    { place: "a.yaml:9:1", problem: "b", hint: "B." },
  ]);
  assertEquals(problems.warnings().map(({ problem }) => problem), ["w"]);
});

Deno.test("problemsError writes each mistake as an error with its place and hint", () => {
  const error = problemsError([
    { place: "a.yaml:2:1", problem: "a", hint: "A." },
    { place: "a.yaml:9:1", problem: "b", hint: "B." },
  ]);
  assertEquals(
    formatError(error),
    "error: a (a.yaml:2:1)\nhint: A.\nerror: b (a.yaml:9:1)\nhint: B.\n",
  );
});

Deno.test("problemsError counts what is too much to be told", () => {
  const many = Array.from({ length: MAX_PROBLEMS + 7 }, (_, i) => {
    return { place: `a.yaml:${i}:1`, problem: "x", hint: "X." };
  });
  const { errors } = problemsError(many);
  assertEquals(errors.length, MAX_PROBLEMS + 1);
  assertEquals(errors.at(-1)?.message, "there are 7 more mistakes");
});

Deno.test("quoted cuts what is long, and repeats no secret", () => {
  assertEquals(quoted('a"b'), '"a\\"b"');
  assertEquals(quoted("x".repeat(60)).length, 62);
  assertEquals(quoted("x".repeat(2_000)), `"${"x".repeat(60)}..."`);
  assertEquals(quoted("\u{1f511}".repeat(60)), `"${"\u{1f511}".repeat(60)}"`);
  const wif = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ";
  assertEquals(quoted(` ${wif}\n`), "a private key (not repeated here)");
});

Deno.test("anyOf writes a choice", () => {
  assertEquals([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(anyOf), [
    "",
    "a",
    "a or b",
    "a, b or c",
  ]);
});
