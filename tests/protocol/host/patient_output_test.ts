import { PatientOutput } from "../../../protocol/host/patient_output.ts";
import type { TextOutput } from "../../../protocol/host/terminal.ts";
import { assertEquals } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { MemoryOutput } from "../../support/memory_output.ts";

/** An output whose reader reads when the test says so. */
class SlowReader implements TextOutput {
  readonly isTerminal = false;
  readonly hasColour = true;
  readonly width = 99;
  failure: unknown;
  text = "";
  #waiting: (() => void)[] = [];
  #last: Promise<void> = Promise.resolve();
  #isReading = false;

  write(text: string): Promise<void> {
    this.#last = this.#last.then(async () => {
      if (!this.#isReading) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.text += text;
    });
    return this.#last;
  }

  read(): void {
    this.#isReading = true;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function open(more: { readonly maxWaitingCharacters?: number; readonly patienceMs?: number } = {}) {
  const reader = new SlowReader();
  const logger = new MemoryLogger();
  const output = new PatientOutput(reader, {
    name: "standard output",
    logger,
    patienceMs: 5,
    ...more,
  });
  return { reader, logger, output };
}

const NEVER = new AbortController().signal;

Deno.test("PatientOutput passes on what is written, and what the other output is like", async () => {
  const memory = new MemoryOutput({ isTerminal: true, hasColour: true });
  const output = new PatientOutput(memory, { name: "x", logger: new MemoryLogger() });
  await output.write("a");
  await output.write("b");
  assertEquals([memory.text, output.isTerminal, output.hasColour, output.width, output.area], [
    ...["ab", true, true, 80, null],
  ]);
  await output.flush(NEVER);
});

Deno.test("PatientOutput holds nobody up whose text is not read, and says so once, and that it goes on", async () => {
  const { reader, logger, output } = open();
  await output.write("a\n");
  await output.write("b\n");
  assertEquals([reader.text, logger.messages("warn").length], ["", 1]);
  reader.read();
  await output.flush(NEVER);
  assertEquals(reader.text, "a\nb\n");
  assertEquals(logger.messages("warn"), [
    "standard output is not read: what is written there waits, and is lost if it is too much",
    "standard output is read again",
  ]);
  await output.write("c\n");
  assertEquals([reader.text, logger.messages("warn").length], ["a\nb\nc\n", 2]);
});

Deno.test("PatientOutput loses what is too much to wait, and counts it, but no text that comes first", async () => {
  const { reader, logger, output } = open({ maxWaitingCharacters: 4 });
  for (const text of ["much too long\n", "lost\n", "lost too\n"]) await output.write(text);
  reader.read();
  await output.flush(NEVER);
  assertEquals(reader.text, "much too long\n");
  assertEquals(logger.events.at(-1)?.properties, { lost: 2 });
  await output.write("again\n");
  assertEquals(reader.text, "much too long\nagain\n");
});

Deno.test("PatientOutput waits at its end for whoever reads slowly, until it is stopped", async () => {
  const { reader, output } = open();
  await output.write("a");
  const stop = new AbortController();
  let isDone = false;
  const flushed = output.flush(stop.signal).then(() => isDone = true);
  await output.write("b");
  assertEquals(isDone, false);
  stop.abort();
  await flushed;
  assertEquals(reader.text, "");
  await output.flush(AbortSignal.abort());
});

Deno.test("PatientOutput says once that nothing can be written", async () => {
  const { reader, logger, output } = open();
  reader.read();
  reader.failure = Object.assign(new Error("full"), { code: "ENOSPC" });
  await output.write("a");
  await output.write("b");
  assertEquals(logger.messages("warn"), ["standard output cannot be written"]);
  assertEquals(output.failure, reader.failure);
});
