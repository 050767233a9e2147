import * as v from "valibot";
import { ANY_JSON, NOTHING, readBySchema } from "../../../protocol/actions/value_check.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";

const SECRET = "hunter2-the-secret";

Deno.test("readBySchema says where a value does not fit, and never what it is", async () => {
  const schema = v.object({
    user: v.object({ age: v.number() }),
    tags: v.array(v.picklist(["a", "b"])),
  });
  const value = { user: { age: SECRET }, tags: ["a", SECRET] };
  const error = await assertRejects(() => readBySchema(schema, value, "the input"), TypeError);
  assertEquals(error.message, "the input does not fit its schema, at user.age, tags.1");
  assertEquals(error.cause, undefined);
});

Deno.test("readBySchema names no member that may be a value itself", async () => {
  const schema = v.record(v.string(), v.number());
  const value = { "pass word: x": "y" };
  const error = await assertRejects(() => readBySchema(schema, value, "the input"), TypeError);
  assertEquals(error.message, "the input does not fit its schema");
});

Deno.test("NOTHING takes no value at all", async () => {
  assertEquals(await readBySchema(NOTHING, undefined, "the input"), undefined);
  for (const value of [null, 0, "", {}]) {
    await assertRejects(() => readBySchema(NOTHING, value, "the input"), TypeError);
  }
});

Deno.test("ANY_JSON takes whatever comes", async () => {
  for (const value of [undefined, null, 0, { a: [1] }]) {
    assertEquals(await readBySchema(ANY_JSON, value, "the input"), value);
  }
});
