import { formatNews, troublesOf, wrapLine } from "../../../keeper/report/report_lines.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { agentOf, delivered, withheld } from "./report_fixtures.ts";

Deno.test("wrapLine breaks between words, and indents what follows", () => {
  const words = Array.from({ length: 60 }, (_, i) => `word${i}`).join(" ");
  const lines = wrapLine(words).split("\n");
  assert(lines.length > 2 && lines.every((line) => line.length <= 80));
  assert(lines.slice(1).every((line) => line.startsWith("  word")));
  assertEquals(lines.map((line) => line.trim()).join(" "), words);
});

Deno.test("wrapLine leaves a short line and a long word alone", () => {
  for (const text of ["short", "x".repeat(120)]) assertEquals(wrapLine(text), text);
});

Deno.test("troublesOf names files that failed and files that are withheld", () => {
  const failed = { path: "a", outcome: "failed", code: "disk-full" } as const;
  assertEquals(troublesOf(agentOf(delivered(failed))), ["203.0.113.1:8888: a: failed (disk-full)"]);
  const agent = agentOf(withheld({ path: "b", required: "approved" }), { trust: "address" });
  assertEquals(troublesOf(agent), [
    "203.0.113.1:8888: b: withheld (it asks for approved, and the agent is address)",
  ]);
});

const FINGERPRINT = `SHA256:${"a".repeat(43)}`;
const NEWS = [
  {
    news: { kind: "first-use", place: 1, places: 3 },
    expected: ["new, trusted at first use: place 1 of 3", `${FINGERPRINT}, component web`],
  },
  {
    news: { kind: "enrolled", before: null, replaced: ["SHA256:b"] },
    expected: [
      "new, it has enrolled",
      `${FINGERPRINT}, component web`,
      "it takes the place of SHA256:b",
    ],
  },
  {
    news: { kind: "enrolled", before: "approved", replaced: [] },
    expected: ["raised from approved, it has enrolled", `${FINGERPRINT}, component web`],
  },
] as const;

for (const { news, expected } of NEWS) {
  Deno.test(`formatNews says: ${expected[0]}`, () => {
    const [first = "", ...others] = expected;
    assertEquals(formatNews(agentOf(delivered(), { news, component: "web" })), [
      [`203.0.113.1:8888: ${first}`, ...others.map((line) => `  ${line}`)].join("\n"),
    ]);
  });
}

Deno.test("formatNews has nothing to say of an agent that is trusted as before", () => {
  assertEquals(formatNews(agentOf(delivered())), []);
});
