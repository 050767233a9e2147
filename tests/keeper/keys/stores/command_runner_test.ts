import { systemCommandRunner } from "../../../../keeper/keys/stores/command_runner.ts";
import { StorageError } from "../../../../protocol/mod.ts";
import { fixedEnvironment, StopRequested } from "../../../../protocol/host/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";

const IS_WINDOWS = Deno.build.os === "windows";
const timeLimitMs = 60_000;

function runner(signal = new AbortController().signal, variables: Record<string, string> = {}) {
  return systemCommandRunner(
    fixedEnvironment({ PATH: Deno.env.get("PATH") ?? "", ...variables }),
    { signal },
  );
}

Deno.test({
  name: "systemCommandRunner hands over the input, and gives back what came of it",
  ignore: IS_WINDOWS,
  async fn() {
    const script = "cat; echo 'one\x1b[31m line' >&2; echo another >&2; exit 3";
    const args = ["-c", script];
    const result = await runner()({ command: "sh", args, input: "hunter2", timeLimitMs });
    assertEquals(result, { code: 3, stdout: "hunter2", complaint: "one\\x1b[31m line" });
  },
});

Deno.test({
  name: "systemCommandRunner cares not whether the input is read",
  ignore: IS_WINDOWS,
  async fn() {
    const input = "x".repeat(1_000_000);
    const result = await runner()({ command: "true", args: [], input, timeLimitMs });
    assertEquals(result?.code, 0);
  },
});

Deno.test({
  name: "systemCommandRunner hands on no variable but those that are needed",
  ignore: IS_WINDOWS,
  async fn() {
    const run = runner(undefined, {
      HOME: "/nowhere",
      LD_LIBRARY_PATH: "/nowhere",
      FLUXVAULT_ENROLL_SECRET: "hunter2",
    });
    // This process has variables of its own, too.
    Deno.env.set("FLUXVAULT_TEST_SECRET", "hunter2");
    const { stdout = "" } = await run({ command: "env", args: [], timeLimitMs }) ?? {};
    Deno.env.delete("FLUXVAULT_TEST_SECRET");
    assert(stdout.includes("HOME=/nowhere\n"), stdout);
    assert(!stdout.includes("LD_LIBRARY_PATH") && !stdout.includes("hunter2"), stdout);
  },
});

Deno.test("systemCommandRunner is null for a program that is not there", async () => {
  const call = { command: "fluxvault-no-such-program", args: [], timeLimitMs };
  assertEquals(await runner()(call), null);
});

Deno.test({
  name: "systemCommandRunner ends a program that takes too long",
  ignore: IS_WINDOWS,
  async fn() {
    const call = { command: "sleep", args: ["600"], timeLimitMs: 1 };
    const error = await assertRejects(() => runner()(call), StorageError, "io-failed");
    assert(error.message.startsWith("sleep did not end within"), error.message);
  },
});

Deno.test({
  name: "systemCommandRunner ends a program with its signal",
  ignore: IS_WINDOWS,
  async fn() {
    const controller = new AbortController();
    const run = runner(controller.signal);
    const running = run({ command: "sleep", args: ["600"], timeLimitMs });
    controller.abort(new StopRequested("SIGINT"));
    await assertRejects(() => running, StopRequested);
    await assertRejects(() => run({ command: "true", args: [], timeLimitMs }), StopRequested);
  },
});
