import { decodeUtf8 } from "../../../protocol/bytes.ts";
import { ConfigError } from "../../../protocol/errors.ts";
import { StopRequested } from "../../../protocol/host/shutdown.ts";
import type { TextOutput } from "../../../protocol/host/terminal.ts";
import { TerminalArea } from "../../../protocol/host/terminal_area.ts";
import { type InputStream, streamInput } from "../../../protocol/host/terminal_input.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryOutput } from "../../support/memory_output.ts";

/** Standard input that gives the texts one a read, and then ends or goes silent. */
class PlayedInput implements InputStream {
  /** Each mode that was set. */
  readonly modes: boolean[] = [];
  readonly #texts: (string | Uint8Array)[];
  readonly #options: { readonly isTerminal: boolean; readonly isSilent: boolean };
  #wake: (() => void) | null = null;

  constructor(
    texts: readonly (string | Uint8Array)[],
    { isTerminal = false, isSilent = false } = {},
  ) {
    this.#texts = [...texts];
    this.#options = { isTerminal, isSilent };
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    if (this.#texts.length === 0 && this.#options.isSilent) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
    const text = this.#texts.shift();
    if (text === undefined) return null;
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    buffer.set(bytes);
    return bytes.length;
  }

  /** Sends a text to whoever waits. */
  send(text: string): void {
    this.#texts.push(text);
    this.#wake?.();
  }

  isTerminal(): boolean {
    return this.#options.isTerminal;
  }

  setRaw(mode: boolean): void {
    this.modes.push(mode);
  }
}

function terminal(...texts: readonly (string | Uint8Array)[]) {
  const stream = new PlayedInput(texts, { isTerminal: true });
  const prompts = new MemoryOutput({ isTerminal: true });
  return { stream, prompts, input: streamInput(stream, prompts) };
}

function pipe(...texts: readonly (string | Uint8Array)[]) {
  return streamInput(new PlayedInput(texts), new MemoryOutput());
}

Deno.test("streamInput readLine gives one line after the other, however they are cut", async () => {
  const input = pipe("first\nsec", "ond\r\n\nlast");
  const lines = [];
  for (let i = 0; i < 5; i++) lines.push(await input.readLine(""));
  assertEquals(lines, ["first", "second", "", "last", null]);
});

Deno.test("streamInput shows a prompt to a person alone", async () => {
  const { input, prompts } = terminal("yes\n");
  assertEquals([await input.readLine("Sure? "), prompts.text], ["yes", "Sure? "]);
  const output = new MemoryOutput();
  const piped = streamInput(new PlayedInput(["secret\n"]), output);
  assertEquals([await piped.readHidden("Secret: "), output.text], ["secret", ""]);
});

Deno.test("streamInput readHidden takes keys raw, shows none, and ends the line itself", async () => {
  const { input, stream, prompts } = terminal("hun", "ter2", "\r");
  assertEquals(await input.readHidden("Secret: "), "hunter2");
  assertEquals([prompts.text, stream.modes], ["Secret: \n", [true, false]]);
});

for (
  const [keys, line] of [
    ["hunt\x7f\x7f\x7fat\n", "hat"],
    ["\x7f\x08a\n", "a"],
    ["\u00e4\u{1f424}\x7f\x7fx\n", "x"],
    ["wrong\x15right\n", "right"],
    ["a\x1b[D\x1b[3~\x1bOAb\n", "ab"],
    ["a\tb\x00c\n", "abc"],
    ["abc\x04", "abc"],
    ["\x04", null],
  ] as const
) {
  Deno.test(`streamInput readHidden understands ${JSON.stringify(keys)}`, async () => {
    assertEquals(await terminal(keys).input.readHidden(""), line);
  });
}

Deno.test("streamInput readHidden keeps what was pasted behind the line for the next", async () => {
  const { input } = terminal("one\ntwo\n");
  assertEquals([await input.readHidden(""), await input.readHidden("")], ["one", "two"]);
});

Deno.test("streamInput readHidden stops at Ctrl-C as at SIGINT, and restores the terminal", async () => {
  const { input, stream } = terminal("hun\x03ter2\n");
  const error = await assertRejects(() => input.readHidden(""), StopRequested);
  assertEquals([error.signalName, stream.modes], ["SIGINT", [true, false]]);
});

Deno.test("streamInput readHidden stops with its signal, and restores the terminal", async () => {
  const stream = new PlayedInput([], { isTerminal: true, isSilent: true });
  const input = streamInput(stream, new MemoryOutput());
  const controller = new AbortController();
  const reading = input.readHidden("", { signal: controller.signal });
  const reason = new StopRequested("SIGTERM");
  controller.abort(reason);
  assertEquals(await assertRejects(() => reading, StopRequested), reason);
  // An input that was not waited for to the end is not lost.
  const next = input.readLine("");
  stream.send("later\n");
  assertEquals([await next, stream.modes.at(-1)], ["later", false]);
});

Deno.test("streamInput readHidden restores a terminal whose reading fails", async () => {
  const stream = new PlayedInput([], { isTerminal: true });
  stream.read = () => Promise.reject(new Error("gone"));
  const input = streamInput(stream, new MemoryOutput());
  await assertRejects(() => input.readHidden(""), Error);
  assertEquals(stream.modes, [true, false]);
});

Deno.test("streamInput asks nothing once its signal is aborted", async () => {
  const { input, prompts } = terminal("a\n");
  const signal = AbortSignal.abort(new StopRequested("SIGINT"));
  await assertRejects(() => input.readLine("? ", { signal }), StopRequested);
  await assertRejects(() => input.readHidden("? ", { signal }), StopRequested);
  await assertRejects(() => input.readAll({ signal, maxBytes: 1 }), StopRequested);
  assertEquals(prompts.text, "");
});

Deno.test("streamInput lets a person go on after the end of an input", async () => {
  const stream = new PlayedInput([], { isTerminal: true });
  const input = streamInput(stream, new MemoryOutput());
  assertEquals(await input.readLine(""), null);
  stream.send("more\n");
  assertEquals(await input.readLine(""), "more");
});

Deno.test("streamInput readAll takes all the rest", async () => {
  const input = pipe("a line\nand", " more", "\n");
  assertEquals(await input.readLine(""), "a line");
  assertEquals(decodeUtf8(await input.readAll({ maxBytes: 9 })), "and more\n");
  assertEquals(await input.readAll({ maxBytes: 9 }), new Uint8Array());
});

Deno.test("streamInput refuses what is too long or no UTF-8, without repeating it", async () => {
  const long = "hunter2".repeat(100);
  const inputs = [
    () => pipe(...Array(10).fill(long)).readLine(""),
    () => terminal(...Array(10).fill(long)).input.readHidden(""),
    () => pipe(long).readAll({ maxBytes: 699 }),
    () => pipe(Uint8Array.of(0xff, 0x0a)).readLine(""),
  ];
  for (const read of inputs) {
    const error = await assertRejects(read, ConfigError);
    assert(!error.message.includes("hunter2"), error.message);
  }
});

Deno.test("streamInput readLine lets go on what is drawn below the prompt", async () => {
  const drawn: string[] = [];
  const area = new TerminalArea({
    write: (text) => {
      drawn.push(text);
      return Promise.resolve();
    },
    size: () => ({ columns: 80, rows: 24 }),
  });
  const prompts: TextOutput = {
    ...{ isTerminal: true, hasColour: false, width: 80, area },
    write: (text) => area.writeAbove(text, () => Promise.resolve()),
  };
  const input = streamInput(new PlayedInput(["yes\n"], { isTerminal: true }), prompts);
  assertEquals(await input.readLine("Sure? "), "yes");
  area.show(["bar"]);
  await area.writeAbove("", () => Promise.resolve());
  assertEquals(drawn[0], "bar\n");
});
