import { join } from "node:path";
import { findStateFolder } from "../../keeper/state_folder.ts";
import { ConfigError } from "../../protocol/mod.ts";
import { fixedEnvironment } from "../../protocol/host/mod.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

const HOME = join(Deno.cwd(), "someone");

const CASES = [
  { os: "linux", variables: { HOME }, expected: join(HOME, ".local", "state", "fluxvault") },
  {
    os: "linux",
    variables: { HOME, XDG_STATE_HOME: join(HOME, "x") },
    expected: join(HOME, "x", "fluxvault"),
  },
  {
    os: "linux",
    variables: { HOME, XDG_STATE_HOME: "relative" },
    expected: join(HOME, ".local", "state", "fluxvault"),
  },
  {
    os: "darwin",
    variables: { HOME },
    expected: join(HOME, "Library", "Application Support", "fluxvault"),
  },
  { os: "windows", variables: { LOCALAPPDATA: HOME }, expected: join(HOME, "fluxvault") },
] as const;

for (const { os, variables, expected } of CASES) {
  Deno.test(`findStateFolder finds the place of ${os} with ${Object.keys(variables)}`, () => {
    const env = fixedEnvironment({ ...variables });
    assertEquals(findStateFolder(env, { stateDir: undefined, os }), expected);
  });
}

Deno.test("findStateFolder takes the option before everything", () => {
  const env = fixedEnvironment({ HOME, XDG_STATE_HOME: HOME });
  assertEquals(findStateFolder(env, { stateDir: "./here" }), "./here");
});

Deno.test("findStateFolder asks for the option where there is no home", () => {
  assertThrows(() => findStateFolder(fixedEnvironment(), { stateDir: undefined }), ConfigError);
});
