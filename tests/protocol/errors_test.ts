import {
  ConfigError,
  ConfigErrors,
  ConnectionError,
  FluxVaultError,
  PeerRejectedError,
  ProtocolError,
  StorageError,
} from "../../protocol/errors.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";

const cause = new TypeError("below");

const ERRORS: readonly (readonly [FluxVaultError, name: string, code: string])[] = [
  [new ProtocolError("open-failed", "m", { cause }), "ProtocolError", "open-failed"],
  [new PeerRejectedError("busy", "m", { by: "us", cause }), "PeerRejectedError", "busy"],
  [new ConnectionError("timed-out", "m", { cause }), "ConnectionError", "timed-out"],
  [new StorageError("disk-full", "m", { cause }), "StorageError", "disk-full"],
  [new ConfigError("m", { cause }), "ConfigError", "config-invalid"],
];

for (const [error, name, code] of ERRORS) {
  Deno.test(`${name} is a FluxVaultError with its code, message and cause`, () => {
    assert(error instanceof FluxVaultError);
    assertEquals([error.name, error.code, error.message, error.cause, error.hint], [
      name,
      code,
      "m",
      cause,
      undefined,
    ]);
  });
}

Deno.test("FluxVaultError has no cause where none was given, and keeps a hint", () => {
  const error = new FluxVaultError("some-code", "m", { hint: "Try again." });
  assert(!("cause" in error));
  assertEquals(error.hint, "Try again.");
});

Deno.test("PeerRejectedError says who turned whom away", () => {
  assertEquals(new PeerRejectedError("busy", "m", { by: "peer" }).by, "peer");
});

Deno.test("ConfigError says which setting and where it came from", () => {
  const error = new ConfigError("m", { setting: "--bind-port", source: "flag --bind-port" });
  assertEquals([error.setting, error.source], ["--bind-port", "flag --bind-port"]);
  assertEquals(new ConfigError("m").setting, undefined);
});

Deno.test("ConfigErrors tells the first mistake and how many more there are", () => {
  const first = new ConfigError("a", { setting: "--x", source: "f:1:2", hint: "h" });
  const error = new ConfigErrors([first, new ConfigError("b"), new ConfigError("c")]);
  assert(error instanceof ConfigError);
  assertEquals(
    [error.message, error.code, error.setting, error.source, error.hint],
    ["a (and 2 more)", "config-invalid", "--x", "f:1:2", "h"],
  );
  assertEquals(error.errors.map(({ message }) => message), ["a", "b", "c"]);
  assertEquals(new ConfigErrors([first]).message, "a");
  assertThrows(() => new ConfigErrors([]), RangeError);
});
