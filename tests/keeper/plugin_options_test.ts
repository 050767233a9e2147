import {
  PLUGIN_BUILD_OPTIONS,
  PLUGIN_SHOW_OPTIONS,
  PLUGIN_SIGN_OPTIONS,
} from "../../keeper/plugin_options.ts";
import { fixedEnvironment, resolveSettings } from "../../protocol/host/mod.ts";
import { assertEquals } from "../support/assert.ts";

async function resolve(options: typeof PLUGIN_BUILD_OPTIONS, args: readonly string[]) {
  return (await resolveSettings(options, { args, env: fixedEnvironment({}) })).values;
}

Deno.test("PLUGIN_BUILD_OPTIONS asks for nothing but where the package goes", async () => {
  const { out, deno, description, zelid } = await resolve(PLUGIN_BUILD_OPTIONS, ["--out", "a"]);
  assertEquals([out, deno, description, zelid], ["a", undefined, undefined, undefined]);
});

Deno.test("PLUGIN_BUILD_OPTIONS takes the original's word for the address", async () => {
  const { zelid } = await resolve(PLUGIN_BUILD_OPTIONS, ["--signing-address", "1A"]);
  assertEquals(zelid, "1A");
});

Deno.test("PLUGIN_BUILD_OPTIONS has all of PLUGIN_SIGN_OPTIONS", () => {
  const names = PLUGIN_BUILD_OPTIONS.map(({ name }) => name);
  assertEquals(PLUGIN_SIGN_OPTIONS.filter(({ name }) => !names.includes(name)), []);
});

Deno.test("PLUGIN_SHOW_OPTIONS needs no key", () => {
  assertEquals(PLUGIN_SHOW_OPTIONS.map(({ name }) => name), ["zelid"]);
});
