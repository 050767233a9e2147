import { readLogTail } from "../../../../keeper/audit/log/audit_tail.ts";
import { AuditError } from "../../../../keeper/audit/mod.ts";
import { hashLine, NO_LINE_HASH } from "../../../../keeper/audit/log/audit_line.ts";
import { encodeUtf8 } from "../../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../../support/assert.ts";
import { textOf } from "../audit_fixtures.ts";

const LOG = await textOf([{ event: "start" }, { event: "given", path: "a" }]);
const [FIRST = "", SECOND = ""] = LOG.split("\n");

async function tailOf(text: string) {
  const tail = await readLogTail(encodeUtf8(text), true);
  assert(tail !== null);
  const torn = tail.torn === null ? null : new TextDecoder().decode(tail.torn);
  return { seq: tail.end.seq, hash: tail.end.hash, torn, isOpen: tail.isOpen };
}

const END = { seq: 2, hash: await hashLine(encodeUtf8(SECOND)) };
const BEFORE = { seq: 1, hash: await hashLine(encodeUtf8(FIRST)) };
const NOTHING = { seq: 0, hash: NO_LINE_HASH };

Deno.test("readLogTail finds the last line, or that there is none", async () => {
  assertEquals(await tailOf(LOG), { ...END, torn: null, isOpen: false });
  assertEquals(await tailOf(""), { ...NOTHING, torn: null, isOpen: false });
});

Deno.test("readLogTail takes a line of which the end alone is missing for whole", async () => {
  assertEquals(await tailOf(LOG.slice(0, -1)), { ...END, torn: null, isOpen: true });
});

Deno.test("readLogTail finds what a write has left that was cut off, wherever that was", async () => {
  for (let cut = FIRST.length + 2; cut < LOG.length - 1; cut++) {
    const expected = { ...BEFORE, torn: LOG.slice(FIRST.length + 1, cut), isOpen: true };
    assertEquals(await tailOf(LOG.slice(0, cut)), expected);
  }
  assertEquals(await tailOf(LOG.slice(0, 40)), {
    ...NOTHING,
    torn: LOG.slice(0, 40),
    isOpen: true,
  });
});

Deno.test("readLogTail finds what several such writes have left", async () => {
  const text = `${FIRST}\n{"seq":2,"ti\n{"se\n`;
  assertEquals(await tailOf(text), { ...BEFORE, torn: '{"seq":2,"ti\n{"se', isOpen: false });
});

Deno.test("readLogTail refuses what no write of ours can have left", async () => {
  const damaged = [
    "my notes\n",
    `${FIRST}\ngarbage\n`,
    `${FIRST}\n${SECOND.replace('"given"', '"given')}\n`,
    `${FIRST}\n${SECOND.replace("{", "[")}\n`,
  ];
  for (const text of damaged) {
    await assertRejects(() => tailOf(text), AuditError, "audit-failed");
  }
});

Deno.test("readLogTail asks for more where the last line does not begin in the bytes", async () => {
  assertEquals(await readLogTail(encodeUtf8(SECOND.slice(3)), false), null);
  assertEquals(await readLogTail(encodeUtf8(`\n${SECOND}\n`), false), {
    end: END,
    torn: null,
    isOpen: false,
  });
});
