import { TerminalArea } from "../../../protocol/host/terminal_area.ts";
import { assertEquals } from "../../support/assert.ts";

/** A terminal that understands what an area writes, and shows what a person would see. */
class Screen {
  size = { columns: 20, rows: 6 };
  /** The rows so far; the cursor is at the end of the last one, or at the start of a new one. */
  rows: string[] = [""];
  #row = 0;
  /** Ends the waiting of each write, where a test holds them. */
  hold: Promise<void> = Promise.resolve();

  async write(text: string): Promise<void> {
    await this.hold;
    // deno-lint-ignore no-control-regex
    for (const [piece] of text.matchAll(/\x1b\[\d*[A-Z]|\r|\n|[^\x1b\r\n]+/g)) {
      if (piece === "\n") {
        this.#row++;
        this.rows[this.#row] ??= "";
      } else if (piece === "\x1b[J") this.rows = [...this.rows.slice(0, this.#row), ""];
      else if (piece.startsWith("\x1b[")) this.#row -= Number(piece.slice(2, -1));
      else if (piece !== "\r") this.rows[this.#row] += piece;
    }
  }
}

function setUp() {
  const screen = new Screen();
  const area = new TerminalArea({
    write: (text) => screen.write(text),
    size: () => screen.size,
  });
  const say = (text: string) => area.writeAbove(text, () => screen.write(text));
  return { screen, area, say };
}

Deno.test("TerminalArea keeps its lines below what is written", async () => {
  const { screen, area, say } = setUp();
  await say("one\n");
  area.show(["bar 1", "bar 2"]);
  await say("two\n");
  assertEquals(screen.rows, ["one", "two", "bar 1", "bar 2", ""]);
  area.show(["bar 3"]);
  await say("three\n");
  assertEquals(screen.rows, ["one", "two", "three", "bar 3", ""]);
  await area.hide();
  assertEquals(screen.rows, ["one", "two", "three", ""]);
});

Deno.test("TerminalArea does not break into a line that has not ended", async () => {
  const { screen, area, say } = setUp();
  area.show(["bar"]);
  await say("Answer? ");
  area.show(["bar 2"]);
  await area.hide();
  assertEquals(screen.rows, ["Answer? "]);
  area.show(["bar 3"]);
  await say("yes\n");
  assertEquals(screen.rows, ["Answer? yes", "bar 3", ""]);
});

Deno.test("TerminalArea goes on below a prompt once it was answered", async () => {
  const { screen, area, say } = setUp();
  await say("Answer? ");
  await screen.write("yes\n");
  area.endLine();
  area.show(["bar"]);
  await area.hide();
  await say("done\n");
  assertEquals(screen.rows, ["Answer? yes", "done", ""]);
});

Deno.test("TerminalArea cuts lines to the width, and shows no more than there are rows", async () => {
  const { screen, area, say } = setUp();
  area.show(["x".repeat(50), ...Array.from({ length: 9 }, (_, i) => `bar ${i}`)]);
  await say("");
  assertEquals([area.width, area.height], [19, 5]);
  assertEquals(screen.rows, ["x".repeat(19), "bar 0", "bar 1", "bar 2", "bar 3", ""]);
});

Deno.test("TerminalArea takes away the rows that lines have on a terminal that became narrower", async () => {
  const { screen, area, say } = setUp();
  await say("one\n");
  area.show(["x".repeat(19)]);
  await say("");
  // The terminal breaks the line in two.
  screen.rows = ["one", "x".repeat(10), "x".repeat(9), ""];
  await screen.write("\n");
  screen.size = { columns: 10, rows: 6 };
  await area.hide();
  assertEquals(screen.rows, ["one", ""]);
});

Deno.test("TerminalArea draws once what was asked for while a write took its time", async () => {
  const { screen, area } = setUp();
  const held = Promise.withResolvers<void>();
  screen.hold = held.promise;
  let writes = 0;
  const write = screen.write.bind(screen);
  screen.write = (text) => {
    writes++;
    return write(text);
  };
  const first = area.writeAbove("one\n", () => screen.write("one\n"));
  for (let i = 0; i < 100; i++) area.show([`bar ${i}`]);
  held.resolve();
  await first;
  await area.writeAbove("", () => Promise.resolve());
  assertEquals(screen.rows, ["one", "bar 99", ""]);
  assertEquals(writes < 6, true);
});

Deno.test("TerminalArea writes nothing where nothing was shown", async () => {
  const { screen, area } = setUp();
  await area.hide();
  area.show([]);
  await area.hide();
  assertEquals(screen.rows, [""]);
});
