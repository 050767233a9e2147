import { ConfigError, ConfigErrors, ConnectionError } from "../../../protocol/errors.ts";
import { fixedEnvironment } from "../../../protocol/host/environment.ts";
import { StopRequested } from "../../../protocol/host/shutdown.ts";
import {
  exitCodeOf,
  formatError,
  paint,
  reportError,
  streamOutput,
} from "../../../protocol/host/terminal.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { MemoryOutput } from "../../support/memory_output.ts";

const MISTAKE = new ConfigError("--bind-port must be a number", {
  setting: "--bind-port",
  source: "variable FLUXVAULT_BIND_PORT",
  hint: "Correct it.",
});

Deno.test("formatError writes the error with its source, its causes and its hint", () => {
  const deepest = new Error("os error 98");
  const cause = new ConnectionError("connection-failed", "cannot listen", { cause: deepest });
  const error = new ConfigError("the port is taken", {
    source: "default",
    hint: "Free it.",
    cause,
  });
  assertEquals(
    formatError(error),
    "error: the port is taken (default)\n" +
      "because: cannot listen\n" +
      "because: os error 98\n" +
      "hint: Free it.\n",
  );
});

Deno.test("formatError writes one line of JSON", () => {
  const text = formatError(MISTAKE, { json: true });
  assertEquals(text.indexOf("\n"), text.length - 1);
  assertEquals(JSON.parse(text), {
    level: "error",
    message: "--bind-port must be a number",
    code: "config-invalid",
    setting: "--bind-port",
    source: "variable FLUXVAULT_BIND_PORT",
    hint: "Correct it.",
  });
});

const MISTAKES = new ConfigErrors([
  new ConfigError("there is no key sorce", { source: "a.yaml:2:3", hint: "Did you mean source?" }),
  new ConfigError("mode is not octal", { source: "a.yaml:4:9" }),
]);

Deno.test("formatError writes several mistakes one after the other", () => {
  assertEquals(
    formatError(MISTAKES),
    "error: there is no key sorce (a.yaml:2:3)\n" +
      "hint: Did you mean source?\n" +
      "error: mode is not octal (a.yaml:4:9)\n",
  );
  const lines = formatError(MISTAKES, { json: true }).trimEnd().split("\n");
  assertEquals(lines.map((line) => JSON.parse(line).source), ["a.yaml:2:3", "a.yaml:4:9"]);
});

Deno.test("reportError paints the beginning of each mistake, and nothing within it", async () => {
  const output = new MemoryOutput({ hasColour: true });
  assertEquals(await reportError(MISTAKES, { output }), 2);
  // deno-lint-ignore no-control-regex
  assertEquals(output.text.match(/^\x1b\[31merror:\x1b\[0m /gm)?.length, 2);
  const within = new MemoryOutput({ hasColour: true });
  await reportError(new ConfigError("an error: it is"), { output: within });
  assertEquals(within.text, "\x1b[31merror:\x1b[0m an error: it is\n");
});

Deno.test("formatError lets no control character of a peer through", () => {
  const error = new ConfigError("a\x1b[2J", { source: "b\x07", hint: "c\nerror: d", cause: "e\r" });
  for (const json of [false, true]) {
    assert(!/[^\P{Cc}\n]|\nerror: d/u.test(formatError(error, { json })));
  }
});

Deno.test("formatError shows where a fault of the program is only when asked to", () => {
  const fault = new TypeError("x is undefined");
  assert(formatError(fault).includes("hint: This is a fault in FluxVault"));
  assert(!formatError(fault).includes("terminal_test.ts"));
  assert(formatError(fault, { debug: true }).includes("terminal_test.ts"));
  assert(!formatError(MISTAKE, { debug: true }).includes("terminal_test.ts"));
});

Deno.test("formatError ends for causes that go in a circle", () => {
  const error = new Error("a");
  error.cause = error;
  assertEquals(formatError(error).match(/because: a\n/g)?.length, 5);
});

Deno.test("formatError writes what is thrown and is no error", () => {
  assert(formatError("text").startsWith("error: text\n"));
  assert(formatError(undefined).startsWith("error: undefined\n"));
});

Deno.test("exitCodeOf tells mistakes, failures and signals apart", () => {
  assertEquals(exitCodeOf(MISTAKE), 2);
  assertEquals(exitCodeOf(new ConnectionError("timed-out", "x")), 1);
  assertEquals(exitCodeOf(new TypeError("x")), 1);
  assertEquals(exitCodeOf(new StopRequested("SIGINT")), 130);
  assertEquals(exitCodeOf(new StopRequested("SIGTERM")), 143);
});

Deno.test("reportError writes the error and returns its status", async () => {
  const output = new MemoryOutput();
  assertEquals(await reportError(MISTAKE, { output }), 2);
  assertEquals(output.text, formatError(MISTAKE));
});

Deno.test("reportError sets the first word off where there are colours", async () => {
  const output = new MemoryOutput({ hasColour: true });
  await reportError(MISTAKE, { output });
  assert(output.text.startsWith("\x1b[31merror:\x1b[0m --bind-port"));
});

Deno.test("paint leaves text as it is without colours", () => {
  assertEquals(paint(new MemoryOutput(), "red", "x"), "x");
});

class FakeStream {
  text = "";
  readonly #isTerminal: boolean;

  constructor(isTerminal: boolean) {
    this.#isTerminal = isTerminal;
  }

  write(bytes: Uint8Array): Promise<number> {
    this.text += new TextDecoder().decode(bytes.subarray(0, 3));
    return Promise.resolve(Math.min(3, bytes.length));
  }

  isTerminal(): boolean {
    return this.#isTerminal;
  }
}

Deno.test("streamOutput writes all of each text, in order, over a stream that takes it in parts", async () => {
  const stream = new FakeStream(false);
  const output = streamOutput(stream, fixedEnvironment());
  await Promise.all([output.write("first, "), output.write("second")]);
  assertEquals(stream.text, "first, second");
});

Deno.test("streamOutput uses colours on a terminal only, and not where they are unwanted", () => {
  const hasColour = (isTerminal: boolean, variables: Record<string, string> = {}) =>
    streamOutput(new FakeStream(isTerminal), fixedEnvironment(variables)).hasColour;
  assert(hasColour(true));
  assert(!hasColour(false));
  assert(!hasColour(true, { NO_COLOR: "1" }));
  assert(!hasColour(true, { TERM: "dumb" }));
  assert(hasColour(true, { NO_COLOR: "" }));
});

Deno.test("streamOutput does not fail when its reader has gone", async () => {
  const broken = {
    write: () => Promise.reject(new Deno.errors.BrokenPipe("x")),
    isTerminal: () => false,
  };
  const output = streamOutput(broken, fixedEnvironment());
  await output.write("x");
  assertEquals([output.width, output.failure], [80, undefined]);
});

Deno.test("streamOutput keeps why something was not written, the first time", async () => {
  const failures = [new Error("the disk is full"), new Error("the device failed")];
  const left = [...failures];
  const full = { write: () => Promise.reject(left.shift()), isTerminal: () => false };
  const output = streamOutput(full, fixedEnvironment());
  assertEquals(output.failure, undefined);
  await output.write("x");
  await output.write("y");
  assertEquals([output.failure, left], [failures[0], []]);
});
