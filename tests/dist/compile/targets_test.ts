import {
  endingOf,
  executableName,
  isTarget,
  readTarget,
  TARGETS,
} from "../../../dist/compile/targets.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { makeStandInRuntime } from "../../support/stand_in_runtime.ts";

Deno.test("TARGETS are those of deno compile", async () => {
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["compile", "--target", "none", "none.ts"],
    env: { NO_COLOR: "1" },
  }).output();
  const listed = /possible values: (.*?)(?:\]|\n)/.exec(new TextDecoder().decode(stderr))?.[1];
  assertEquals(listed?.split(", ").sort(), [...TARGETS].sort());
});

Deno.test("isTarget knows a target from another text", () => {
  assert(isTarget("aarch64-apple-darwin"));
  assert(!isTarget("x86_64-unknown-linux-musl"));
});

Deno.test("executableName has version, target and the ending of the system", () => {
  const name = (target: typeof TARGETS[number]) =>
    executableName("fluxvault-agent", { version: "1.2.3", target });
  assertEquals(name("aarch64-apple-darwin"), "fluxvault-agent-1.2.3-aarch64-apple-darwin");
  const windows = name("x86_64-pc-windows-msvc");
  assertEquals(windows, "fluxvault-agent-1.2.3-x86_64-pc-windows-msvc.exe");
  assertEquals(endingOf("x86_64-unknown-linux-gnu"), "");
});

for (const target of TARGETS) {
  Deno.test(`readTarget reads ${target} off an executable`, () => {
    assertEquals(readTarget(makeStandInRuntime(target, "")), target);
  });
}

Deno.test("readTarget takes nothing else for an executable, however short", () => {
  const elf = makeStandInRuntime("x86_64-unknown-linux-gnu", "");
  for (let length = 0; length < 20; length++) {
    assertEquals(readTarget(elf.subarray(0, length)), null);
  }
  const pe = makeStandInRuntime("x86_64-pc-windows-msvc", "");
  assertEquals(readTarget(pe.subarray(0, 0x44)), null);
  assertEquals(readTarget(new TextEncoder().encode("#!/bin/sh\necho a script is none\n")), null);
  elf[18] = 40; // 32-bit ARM
  assertEquals(readTarget(elf), null);
});

Deno.test("readTarget reads this Deno", async () => {
  assertEquals(
    readTarget((await Deno.readFile(Deno.execPath())).subarray(0, 4096)),
    Deno.build.target,
  );
});
