import { applicationEnvironment, openInputs } from "../../../agent/application/secret_inputs.ts";
import { MAX_VARIABLE_BYTES } from "../../../agent/limits.ts";
import { type Bytes, StorageError } from "../../../protocol/mod.ts";
import { assertEquals, assertMatch, assertRejects } from "../../support/assert.ts";

/** Files that hold these texts or bytes. */
function filesOf(contents: Readonly<Record<string, string | Bytes>>) {
  return {
    open: () => Promise.reject(new StorageError("file-missing", "no")),
    read: (path: string, maxBytes: number) => {
      const found = contents[path] ?? "";
      const bytes = typeof found === "string" ? new TextEncoder().encode(found) : found;
      return Promise.resolve(bytes.length > maxBytes ? null : bytes);
    },
  };
}

async function variable(contents: string | Bytes): Promise<string | undefined> {
  const inputs = { variables: new Map([["NAME", "a"]]), descriptors: new Map() };
  return (await openInputs(inputs, filesOf({ a: contents }))).variables["NAME"];
}

Deno.test("openInputs gives contents without the newline at their end, and otherwise as they are", async () => {
  const cases = [
    ["s3cret\n", "s3cret"],
    ["s3cret\n\n", "s3cret\n"],
    ["a\r\n", "a\r"],
    ["", ""],
    ["\n", ""],
    [" \u00e9=\t", " \u00e9=\t"],
    ["\ufeffa", "\ufeffa"],
  ] as const;
  for (const [contents, expected] of cases) assertEquals(await variable(contents), expected);
});

Deno.test("openInputs takes a variable that just fits, and no larger one", async () => {
  const room = MAX_VARIABLE_BYTES - "NAME=".length - 1;
  assertEquals((await variable("x".repeat(room)))?.length, room);
  for (const length of [room + 1, MAX_VARIABLE_BYTES + 1]) {
    const error = await assertRejects(() => variable("x".repeat(length)), StorageError);
    assertMatch(error.message, /variable NAME is larger than a variable may be/);
  }
});

Deno.test("openInputs refuses what no variable can hold, and never says what that is", async () => {
  for (const contents of ["s3cret\0x", new Uint8Array([0x73, 0x33, 0xff])]) {
    const error = await assertRejects(() => variable(contents), StorageError, "io-failed");
    assertMatch(error.message, /^the file for the variable NAME (?:holds a NUL|is not UTF-8)$/);
  }
});

Deno.test("openInputs closes what it opened where another file cannot be opened", async () => {
  const opened = Deno.openSync("/dev/null");
  opened.close();
  const { openSync, fstatSync } = await import("node:fs");
  let descriptor = -1;
  const files = {
    ...filesOf({}),
    open: (path: string) => {
      if (path === "bad") return Promise.reject(new StorageError("file-missing", "no"));
      descriptor = openSync("/dev/null", "r");
      return Promise.resolve(descriptor);
    },
  };
  const descriptors = new Map([[3, "good"], [4, "bad"]]);
  const inputs = { variables: new Map<string, string>(), descriptors };
  await assertRejects(() => openInputs(inputs, files), StorageError, "file-missing");
  await assertRejects(() => Promise.resolve().then(() => fstatSync(descriptor)), Error);
});

Deno.test("applicationEnvironment hands on all but what is the agent's own", () => {
  const env = { PATH: "/bin", FLUXVAULT_ENROLL_SECRET: "x", fluxvault_x: "x", FLUX_APP_NAME: "a" };
  assertEquals(applicationEnvironment(env), { PATH: "/bin", FLUX_APP_NAME: "a" });
});
