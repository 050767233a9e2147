/**
 * Runs our programs against the stand-in for the original, which is in Python.
 *
 * It needs a Python with the module `Cryptodome`, Debian's `python3-pycryptodome`. Where that is
 * missing it is installed under `CI=true`; elsewhere this says how to get it and exits with status 77.
 * Arguments go to `deno test`, for example `--filter`.
 *
 * @module
 */
// deno-lint-ignore-file no-console
import { installPackages, run, SKIP_STATUS } from "./suite_needs.ts";

/** Debian's module is for Debian's Python alone, so that one comes first. */
const PYTHONS = ["/usr/bin/python3", "python3"];
const PACKAGE = "python3-pycryptodome";
const SUITE = ["programs.ts", "situations.ts", "migration.ts"];

async function findPython(): Promise<string | null> {
  for (const python of PYTHONS) {
    const options = { stdout: "null", stderr: "null" } as const;
    if (await run(python, ["-c", "import Cryptodome.Cipher.AES"], options) === 0) return python;
  }
  return null;
}

let python = await findPython();
if (python === null && Deno.env.get("CI") === "true") {
  await installPackages(PACKAGE);
  python = await findPython();
}
if (python === null) {
  console.log(`skipped: no python3 has the module Cryptodome; apt-get install ${PACKAGE}`);
  Deno.exit(SKIP_STATUS);
}
const files = SUITE.map((file) => `tests/interop/original/${file}`);
const status = await run(
  Deno.execPath(),
  ["test", "-A", "--parallel", "--sanitize-ops", "--sanitize-resources", ...Deno.args, ...files],
  { env: { ORIGINAL_PYTHON: python } },
);
Deno.exit(status ?? 1);
