import {
  formatDuration,
  formatSeconds,
  formatSize,
  formatTime,
  plural,
} from "../../../keeper/report/amounts.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("formatSize writes powers of 1,000, and never 1000.0 of one", () => {
  const sizes = [0, 999, 1_000, 12_345, 999_949, 999_950, 999_999, 2 ** 32, 10 ** 12, 10 ** 16];
  assertEquals(sizes.map(formatSize), [
    ...["0 B", "999 B", "1.0 kB", "12.3 kB", "999.9 kB", "1.0 MB", "1.0 MB", "4.3 GB"],
    ...["1.0 TB", "10000.0 TB"],
  ]);
});

Deno.test("formatSeconds writes three or four digits", () => {
  assertEquals([1, 9_999, 12_345, 123_456].map(formatSeconds), [
    ...["0.00 s", "10.00 s", "12.3 s", "123 s"],
  ]);
});

Deno.test("formatDuration rounds up, and writes hours where there are some", () => {
  assertEquals([0, 1, 59_001, 754_000, 11_100_000].map(formatDuration), [
    ...["0:00", "0:01", "1:00", "12:34", "3:05:00"],
  ]);
});

Deno.test("plural adds an s to all but one", () => {
  assertEquals([0, 1, 2].map((count) => plural(count, "file")), ["0 files", "1 file", "2 files"]);
});

Deno.test("formatTime writes UTC to the minute", () => {
  assertEquals(formatTime(Date.UTC(2030, 0, 31, 12, 5, 59)), "2030-01-31 12:05");
});
