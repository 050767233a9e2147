import fc from "fast-check";
import { formatProgressLine } from "../../../keeper/progress/progress_line.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const PROGRESS = {
  sentBytes: 1_200_000_000,
  totalBytes: 2_700_000_000,
  isGuess: false,
  bytesPerS: 98_000_000,
};
const NAME = "203.0.113.20:8888 web";

Deno.test("formatProgressLine shows a bar, amounts, rate and the time left", () => {
  assertEquals(
    formatProgressLine(NAME, PROGRESS, { width: 120 }),
    `${NAME}  [##########--------------]   44%  1.2 GB of 2.7 GB  98.0 MB/s  0:16 left`,
  );
});

Deno.test("formatProgressLine leaves out what matters least where there is little room", () => {
  const widths = [100, 84, 78, 70, 58, 30, 20, 8, 4, 1, 0];
  assertEquals(widths.map((width) => formatProgressLine(NAME, PROGRESS, { width })), [
    `${NAME}  [##########--------------]   44%  1.2 GB of 2.7 GB  98.0 MB/s  0:16 left`,
    `${NAME}  [#####-------]   44%  1.2 GB of 2.7 GB  98.0 MB/s  0:16 left`,
    `${NAME}  [##----]   44%  1.2 GB of 2.7 GB  98.0 MB/s  0:16 left`,
    `${NAME}   44%  1.2 GB of 2.7 GB  98.0 MB/s  0:16 left`,
    `${NAME}   44%  1.2 GB of 2.7 GB  98.0 MB/s`,
    `${NAME}   44%`,
    "203.0.1..88 web  44%",
    "203  44%",
    " 44%",
    " ",
    "",
  ]);
});

Deno.test("formatProgressLine says what it guesses, and nothing that it does not know", () => {
  const start = { sentBytes: 0, totalBytes: 100, isGuess: true, bytesPerS: null };
  assertEquals(
    formatProgressLine("a", start, { width: 80, nameWidth: 3 }),
    "a    [------------------------]    0%  0 B of about 100 B",
  );
  const stalled = { ...PROGRESS, bytesPerS: 0 };
  assert(!formatProgressLine("a", stalled, { width: 80 }).includes("left"));
  assert(formatProgressLine("a", { ...PROGRESS, totalBytes: 0 }, { width: 80 }).includes("0%"));
});

Deno.test("formatProgressLine is never wider than there is room, and never moves the cursor", () => {
  const progress = fc.record({
    sentBytes: fc.nat(2 ** 40),
    totalBytes: fc.nat(2 ** 40),
    isGuess: fc.boolean(),
    bytesPerS: fc.option(fc.double({ min: 0, max: 1e12, noNaN: true })),
  });
  const name = fc.string({ unit: "binary", maxLength: 60 });
  fc.assert(fc.property(name, progress, fc.nat(200), (name, progress, width) => {
    const line = formatProgressLine(name, progress, { width, nameWidth: 30 });
    assert([...line].length <= width, `${[...line].length} > ${width}: ${line}`);
    assert(!/\p{C}/u.test(line), JSON.stringify(line));
  }));
});
