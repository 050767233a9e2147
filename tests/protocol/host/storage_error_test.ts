import { ConfigError, StorageError } from "../../../protocol/errors.ts";
import { errnoOf, storageError } from "../../../protocol/host/storage_error.ts";
import { assert, assertEquals } from "../../support/assert.ts";

function failure(code: string): Error {
  return Object.assign(new Error("os says no"), { code });
}

for (
  const [errno, code] of [
    ["ENOSPC", "disk-full"],
    ["EDQUOT", "disk-full"],
    ["EROFS", "read-only"],
    ["EACCES", "permission-denied"],
    ["EPERM", "permission-denied"],
    ["ENOENT", "file-missing"],
    ["EISDIR", "not-a-file"],
    ["ELOOP", "symlink-refused"],
    ["EIO", "io-failed"],
    ["ESOMETHING", "io-failed"],
  ] as const
) {
  Deno.test(`storageError makes ${code} of ${errno}`, () => {
    const cause = failure(errno);
    const error = storageError(cause, 'write "/x"');
    assert(error instanceof StorageError);
    assertEquals(error.code, code);
    assertEquals(error.cause, cause);
    assert(error.message.startsWith('cannot write "/x": '));
  });
}

Deno.test("storageError knows the runtime's classes where the system's code is missing", () => {
  assertEquals(storageError(new Deno.errors.NotFound("x"), "read").code, "file-missing");
  assertEquals(
    storageError(new Deno.errors.PermissionDenied("x"), "read").code,
    "permission-denied",
  );
});

Deno.test("storageError says which permission of the program is missing", () => {
  const error = storageError(new Deno.errors.NotCapable("x"), "read");
  assertEquals(error.code, "permission-denied");
  assert(error.hint?.includes("--allow-read"));
});

Deno.test("storageError returns an error of FluxVault as it is", () => {
  const error = new ConfigError("x");
  assert(storageError(error, "read") === error);
});

Deno.test("storageError makes io-failed of a value that is no error", () => {
  assertEquals(storageError("thrown text", "read").code, "io-failed");
});

Deno.test("storageError makes disk-full of a device that is really full", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  using full = await Deno.open("/dev/full", { write: true });
  const thrown = await full.write(new Uint8Array(1)).catch((error: unknown) => error);
  assertEquals(storageError(thrown, "write").code, "disk-full");
});

Deno.test("errnoOf returns undefined for what carries no code of the system", () => {
  assertEquals(errnoOf(new Error("x")), undefined);
  assertEquals(errnoOf({ code: "ENOENT" }), undefined);
  assertEquals(errnoOf(Object.assign(new Error("x"), { code: 7 })), undefined);
});

Deno.test("storageError knows a quota and a file that is too large by what Deno writes of them", {
  ignore: Deno.build.os !== "linux",
}, () => {
  const meant = (message: string) => storageError(new Error(message), "write x");
  const quota = meant("Disk quota exceeded (os error 122): writefile '/x'");
  assertEquals([quota.code, quota.message], [
    "disk-full",
    "cannot write x: the disk quota is used up",
  ]);
  assertEquals(meant("File too large (os error 27)").code, "disk-full");
  assertEquals(meant("Something else (os error 1)").code, "io-failed");
});
