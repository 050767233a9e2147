import { formatTable } from "../../../protocol/host/table.ts";
import { assertEquals } from "../../support/assert.ts";

const COLUMNS = [{ heading: "agent" }, { heading: "files", align: "right" }, {
  heading: "note",
}] as const;

Deno.test("formatTable aligns columns to the left and the right, without trailing spaces", () => {
  assertEquals(
    formatTable([["10.0.0.1", "12", "ok"], ["a", "3", ""]], { columns: COLUMNS }),
    "agent     files  note\n" +
      "10.0.0.1     12  ok\n" +
      "a             3\n",
  );
});

Deno.test("formatTable writes the headings of a table without rows", () => {
  assertEquals(formatTable([], { columns: COLUMNS }), "agent  files  note\n");
});

Deno.test("formatTable leaves a missing cell empty and counts whole characters", () => {
  assertEquals(
    formatTable([["\u{1F600}"]], { columns: COLUMNS }).split("\n")[1],
    "\u{1F600}",
  );
});

Deno.test("formatTable makes cells harmless", () => {
  assertEquals(
    formatTable([["a\nb"]], { columns: [{ heading: "x" }] }),
    "x\na\\x0ab\n",
  );
});
