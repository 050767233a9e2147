import { contentTypeOf } from "../../../agent/http/content_types.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("contentTypeOf goes by the end of the name, and says where nothing is known", () => {
  assertEquals(contentTypeOf("tls/key.PEM"), "application/x-pem-file");
  assertEquals(contentTypeOf("a.json"), "application/json");
  for (const path of ["a", "json", "dir.json/a", "a.", "a.constructor", "a.unknown"]) {
    assertEquals(contentTypeOf(path), "application/octet-stream", path);
  }
});
