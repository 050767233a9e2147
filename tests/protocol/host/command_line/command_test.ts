import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { runProgram, systemHost } from "../../../../protocol/host/command_line/command.ts";
import type { CommandContext, Program } from "../../../../protocol/host/command_line/program.ts";
import { fixedEnvironment } from "../../../../protocol/host/mod.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { MemoryInput } from "../../../support/memory_input.ts";
import { MemoryOutput } from "../../../support/memory_output.ts";
import { runInProcess } from "../../../support/program.ts";
import { sampleProgram } from "../../../support/sample_program.ts";

const PROGRAM = sampleProgram();

Deno.test("runProgram gives the default command its settings", async () => {
  const seen: CommandContext[] = [];
  const { code } = await runInProcess(sampleProgram(seen), ["--bind-port", "1"], {
    variables: { FLUXVAULT_INTERVAL: "2m" },
  });
  assertEquals(code, 0);
  assertEquals(seen[0]?.settings["bindPort"], 1);
  assertEquals(seen[0]?.settings["intervalMs"], 120_000);
  assertEquals(seen[0]?.settings["json"], false);
});

Deno.test("runProgram gives a command the input of its host", async () => {
  const seen: CommandContext[] = [];
  const stdin = new MemoryInput(["a line"]);
  await runInProcess(sampleProgram(seen), [], { stdin });
  assertEquals(await seen[0]?.stdin.readLine(""), "a line");
});

Deno.test("runProgram finds a command among options and gives it its operands", async () => {
  const seen: CommandContext[] = [];
  const args = ["--logfile-path", "agents", "agents", "--quiet", "approve", "a", "b"];
  assertEquals((await runInProcess(sampleProgram(seen), args)).code, 0);
  assertEquals(seen[0]?.operands, ["a", "b"]);
  assertEquals(seen[0]?.settings["logfilePath"], "agents");
});

Deno.test("runProgram skips the program's own leading word", async () => {
  const seen: CommandContext[] = [];
  const program = sampleProgram(seen);
  assertEquals((await runInProcess(program, ["sample"])).code, 0);
  assertEquals((await runInProcess(program, ["sample", "agents", "list"])).code, 0);
  assertEquals(seen.length, 2);
});

Deno.test("runProgram compares the leading word as it is written", async () => {
  const { code } = await runInProcess(PROGRAM, ["Sample", "agents", "list"]);
  assertEquals(code, 2);
});

for (
  const args of [
    "Node --port 39898 --vault localhost --dir /tmp/x quotes.txt readme.txt",
    "NODE quotes.txt --port 39898 readme.txt --vault localhost --dir /tmp/x",
    "--port 39898 --vault localhost --dir /tmp/x Node quotes.txt readme.txt",
    "sample --port=39898 --vault=localhost node --dir=/tmp/x -- quotes.txt readme.txt",
  ]
) {
  Deno.test(`runProgram gives the command its flags and operands for ${args}`, async () => {
    const seen: CommandContext[] = [];
    assertEquals((await runInProcess(sampleProgram(seen), args.split(" "))).code, 0);
    const { settings, operands } = seen[0] ?? {};
    assertEquals(operands, ["quotes.txt", "readme.txt"]);
    const given = [settings?.["port"], settings?.["vault"], settings?.["dir"]];
    assertEquals(given, [39898, "localhost", "/tmp/x"]);
  });
}

Deno.test("runProgram keeps an operand that equals a command's word, in its case", async () => {
  const seen: CommandContext[] = [];
  const program = sampleProgram(seen);
  await runInProcess(program, ["node", "node"]);
  await runInProcess(program, ["--dir", "node", "NODE", "Node", "Agents", "--vault=NODE", "LIST"]);
  assertEquals(seen.map(({ operands }) => operands), [["node"], ["Node", "Agents", "LIST"]]);
  assertEquals(seen[1]?.settings["vault"], "NODE");
});

Deno.test("runProgram prints help for a command in whichever case it is written", async () => {
  const { stdout } = await runInProcess(PROGRAM, ["Agents", "APPROVE", "--help"]);
  assert(stdout.includes("Usage: fluxvault-sample agents approve"));
});

Deno.test("runProgram reads a further variable of a command's option", async () => {
  const seen: CommandContext[] = [];
  const variables = { VAULT_PORT: "39898" };
  const { stderr } = await runInProcess(sampleProgram(seen), ["node"], { variables });
  assertEquals([seen[0]?.settings["port"], stderr], [39898, ""]);
});

Deno.test("runProgram prints help for the the command that was asked about, whatever else is wrong", async () => {
  const { code, stdout } = await runInProcess(PROGRAM, ["agents", "approve", "--bogus", "-h"]);
  assertEquals(code, 0);
  assert(stdout.includes("Usage: fluxvault-sample agents approve"));
});

Deno.test("runProgram prints the version and nothing else", async () => {
  const run = await runInProcess(PROGRAM, ["--version"]);
  assertEquals(run, { code: 0, stdout: "fluxvault-sample 1.2.3\n", stderr: "" });
});

Deno.test("runProgram prints completions", async () => {
  const { code, stdout } = await runInProcess(PROGRAM, ["--completions", "fish"]);
  assertEquals(code, 0);
  assert(stdout.includes("complete -c fluxvault-sample"));
});

Deno.test("runProgram prints the settings and runs nothing with --show-config", async () => {
  const seen: CommandContext[] = [];
  const args = ["--show-config", "--signing-secret=hunter2"];
  const { code, stdout } = await runInProcess(sampleProgram(seen), args);
  assertEquals(code, 0);
  assert(stdout.includes("8888") && !stdout.includes("hunter2"));
  assertEquals(seen, []);
});

for (
  const [args, expected] of [
    [["--bind-prot", "1"], "Did you mean --bind-port?"],
    [["--bind-port", "http"], "(flag --bind-port)"],
    [["agents", "aprove"], "there is no command agents aprove (argument 2)"],
    [["agents", "aprove"], "Did you mean approve?"],
    [["Agents", "APROVE"], "there is no command Agents APROVE (argument 2)"],
    [["Agents", "APROVE"], "Did you mean approve?"],
    [["agents"], "Add one of: list, approve."],
    [["AGENTS"], "AGENTS needs a command"],
    [["Agents", "List", "extra"], "(argument 3)"],
    [["agents", "list", "extra"], "(argument 3)"],
    [["agents", "list", "--bind-port", "1"], "there is no option --bind-port"],
    [["--debug", "--quiet"], "--quiet contradicts --debug (flag --quiet)"],
    [["--log-to-file", "--logfile-path", "/nowhere/x.log"], "no such file or folder"],
    [["--config", "/nowhere/conf.json"], "does not exist (file /nowhere/conf.json)"],
  ] as const
) {
  Deno.test(`runProgram exits 2 for ${args.join(" ")} and says ${expected}`, async () => {
    const { code, stdout, stderr } = await runInProcess(PROGRAM, args);
    assertEquals(code, 2);
    assertEquals(stdout, "");
    assert(stderr.startsWith("error: "));
    assert(stderr.includes(expected), stderr);
    assert(/\nhint: .+\n$/.test(stderr));
  });
}

Deno.test("runProgram repeats no stray argument, since it may be a secret", async () => {
  const { code, stderr } = await runInProcess(PROGRAM, ["--signing-secret", "a", "hunter2"]);
  assertEquals(code, 2);
  assert(!stderr.includes("hunter2"));
});

Deno.test("runProgram writes errors as lines of JSON when asked to by flag or variable", async () => {
  const byFlag = await runInProcess(PROGRAM, ["--bogus", "--json"]);
  const byVariable = await runInProcess(PROGRAM, ["--bogus"], {
    variables: { FLUXVAULT_JSON: "true" },
  });
  for (const { stderr } of [byFlag, byVariable]) {
    assertEquals(JSON.parse(stderr).code, "config-invalid");
  }
});

Deno.test("runProgram warns of variables that nothing reads", async () => {
  const { code, stderr } = await runInProcess(PROGRAM, [], {
    variables: { FLUXVAULT_BIND_PROT: "1" },
  });
  assertEquals(code, 0);
  assert(stderr.includes("did you mean FLUXVAULT_BIND_PORT?"));
});

Deno.test("runProgram exits 0 when a service is stopped and 143 when other work is", async () => {
  const service = await runInProcess(PROGRAM, ["stop-service"], { stop: true });
  assertEquals([service.code, service.stderr], [0, ""]);
  const other = await runInProcess(PROGRAM, ["stop-half-way"], { stop: true });
  assertEquals([other.code, other.stderr], [143, "error: stopped by SIGTERM\n"]);
});

Deno.test("runProgram exits 1 for a fault of the program", async () => {
  const { code, stderr } = await runInProcess(PROGRAM, ["fail-to-load"]);
  assertEquals(code, 1);
  assert(stderr.includes("error: no such module\n"));
});

Deno.test("runProgram reads the config file with the program's own parser", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "bind_port: 7");
    const seen: CommandContext[] = [];
    const parseConfig = (text: string) => {
      const [key = "", value] = text.split(": ");
      return Promise.resolve({ [key]: value });
    };
    await runInProcess({ ...sampleProgram(seen), parseConfig }, ["--config", path]);
    assertEquals(seen[0]?.settings["bindPort"], 7);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("runProgram returns 0, 1 or 2 and never rejects, whatever the arguments", async () => {
  const words = ["agents", "list", "approve", "--bind-port", "--json", "--", "-x", "--trust", "1"];
  const args = fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(args, async (args) => {
      const { code } = await runInProcess(PROGRAM, args);
      assert(code === 0 || code === 2);
    }),
    { numRuns: 60 },
  );
});

Deno.test("systemHost is the process", () => {
  assertEquals(systemHost().args, Deno.args);
});

Deno.test("runProgram listens to the signals of the process by default and then lets go", async () => {
  const output = new MemoryOutput();
  const host = { ...systemHost(), args: ["agents", "list"], stdout: output, stderr: output };
  assertEquals(await runProgram(PROGRAM, host), 0);
});

/** A program with a command that takes what is behind `--`, and one that does not. */
function restProgram(seen: CommandContext[]): Program {
  const load = () =>
    Promise.resolve({
      run(context: CommandContext): Promise<number> {
        seen.push(context);
        return Promise.resolve(0);
      },
    });
  const program = sampleProgram();
  const [first, ...others] = program.commands;
  assert(first !== undefined);
  return { ...program, commands: [{ ...first, rest: "COMMAND ARG...", load }, ...others] };
}

Deno.test("runProgram leaves what is behind -- untouched", async () => {
  const cases = [
    [["--bind-port", "7", "--", "agents", "list", "--json", "--"], [
      "agents",
      "list",
      "--json",
      "--",
    ]],
    [["--", "--help"], ["--help"]],
    [["sample", "--"], []],
    [["--bind-port=7"], null],
  ] as const;
  for (const [args, rest] of cases) {
    const seen: CommandContext[] = [];
    const { code } = await runInProcess(restProgram(seen), args);
    assertEquals([code, seen[0]?.rest, seen[0]?.operands], [0, rest, []]);
    assertEquals(seen[0]?.settings["json"], false);
  }
});

Deno.test("runProgram takes -- for no value of an option before it", async () => {
  const seen: CommandContext[] = [];
  const { code, stderr } = await runInProcess(restProgram(seen), ["--bind-port", "--", "true"]);
  assertEquals([code, seen], [2, []]);
  assert(stderr.includes("--bind-port needs a value"), stderr);
});

Deno.test("runProgram tells of mistakes before -- alone, and not in the form that stands behind it", async () => {
  const { code, stderr } = await runInProcess(restProgram([]), ["--nothing", "--", "--json"]);
  assertEquals([code, stderr.split("\n")[0]], [
    2,
    "error: there is no option --nothing (flag --nothing)",
  ]);
});

Deno.test("runProgram gives a command without a rest what is behind -- as operands", async () => {
  const { code } = await runInProcess(restProgram([]), ["agents", "list", "--", "x"]);
  assertEquals(code, 2);
});

Deno.test("runProgram leaves the signals to a command that listens for them itself", async () => {
  const listeners = new Map<string, () => void>();
  const signals = {
    add: (name: string, listener: () => void) => void listeners.set(name, listener),
    remove: (name: string) => void listeners.delete(name),
  };
  const program: Program = {
    ...PROGRAM,
    commands: [{
      path: [],
      summary: "Listens.",
      options: [],
      load: () =>
        Promise.resolve({
          run(context: CommandContext): Promise<number> {
            assertEquals([...listeners.keys()], ["SIGINT", "SIGTERM"]);
            assert(context.signals === signals);
            context.leaveSignals();
            assertEquals([...listeners.keys()], []);
            return Promise.resolve(context.signal.aborted ? 1 : 0);
          },
        }),
    }],
  };
  const [stdin, stdout, stderr] = [new MemoryInput(), new MemoryOutput(), new MemoryOutput()];
  const shutdown = { signals, os: "linux" };
  const host = { args: [], env: fixedEnvironment(), stdin, stdout, stderr, shutdown };
  assertEquals(await runProgram(program, host), 0);
});

/** A program whose one command does as the test likes. */
function programOf(run: (context: CommandContext) => Promise<number>, service = false): Program {
  const [command] = PROGRAM.commands;
  assert(command !== undefined);
  return { ...PROGRAM, commands: [{ ...command, service, load: () => Promise.resolve({ run }) }] };
}

const FULL = Object.assign(new Error("full"), { code: "ENOSPC" });

Deno.test("runProgram calls nothing done whose output was not written", async () => {
  for (const [code, expected] of [[0, 1], [3, 1], [2, 2]] as const) {
    const stderr = new MemoryOutput();
    const stdout = Object.assign(new MemoryOutput(), { failure: FULL });
    const program = programOf(() => Promise.resolve(code));
    const host = { ...systemHost(), args: [], env: fixedEnvironment(), stdout, stderr };
    assertEquals(await runProgram(program, host), expected);
    assertEquals(stderr.text.includes("no space is left"), expected === 1);
  }
});

Deno.test("runProgram lets a service end though nobody reads it, and waits for a reader otherwise", async () => {
  const gate = Promise.withResolvers<void>();
  const stdout = Object.assign(new MemoryOutput(), { write: () => gate.promise });
  const host = { ...systemHost(), args: [], env: fixedEnvironment(), stdout };
  const written: string[] = [];
  const report = async ({ stdout }: CommandContext) => {
    await stdout.write("a report");
    written.push("went on");
  };
  const failing = programOf(async (context) => {
    await report(context);
    throw new TypeError("a fault");
  }, true);
  assertEquals(await runProgram(failing, { ...host, stderr: new MemoryOutput() }), 1);
  assertEquals(written, ["went on"]);
  const once = programOf((context) => report(context).then(() => 0), true);
  const ended = runProgram(once, { ...host, stderr: new MemoryOutput() });
  void ended.then(() => written.push("ended"));
  while (written.length < 2) await nextTurn();
  for (let turns = 0; turns < 100; turns++) await nextTurn();
  assertEquals(written, ["went on", "went on"]);
  gate.resolve();
  assertEquals(await ended, 0);
});

const WIF = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ";

for (
  const args of [
    [WIF],
    ["node", WIF],
    ["--dir", WIF],
    [`--dir=${WIF}`],
    [`--${WIF}`],
    [`--no-such-option=${WIF}`],
    ["agents", "list", `x,${WIF}`],
    ["node", "--", WIF],
  ]
) {
  Deno.test(`runProgram repeats no private key in ${args.join(" ").replace(WIF, "KEY")}`, async () => {
    const { code, stdout, stderr } = await runInProcess(PROGRAM, args);
    assertEquals([code, stdout], [2, ""]);
    assert(stderr.includes("regard it as disclosed") && !stderr.includes(WIF), stderr);
  });
}

Deno.test("runProgram leaves to another program what is behind its dashes", async () => {
  const [command] = PROGRAM.commands;
  assert(command !== undefined);
  const seen: unknown[] = [];
  const run = ({ rest }: CommandContext) => Promise.resolve(seen.push(rest)).then(() => 0);
  const program = {
    ...PROGRAM,
    commands: [{ ...command, rest: "COMMAND", load: () => Promise.resolve({ run }) }],
  };
  assertEquals((await runInProcess(program, ["--", "sign-with", WIF])).code, 0);
  assertEquals(seen, [["sign-with", WIF]]);
});
