import { setImmediate as nextTurn } from "node:timers/promises";
import { ApprovalQuestion } from "../../../../keeper/commands/approval_question.ts";
import { ApprovalTurns } from "../../../../keeper/commands/run/approval_turns.ts";
import { MemoryKnownAgentsStore } from "../../../../keeper/trust/mod.ts";
import type { PassReport } from "../../../../keeper/report/report.ts";
import type { TextInput } from "../../../../protocol/host/mod.ts";
import { assert, assertEquals } from "../../../support/assert.ts";
import { MemoryOutput } from "../../../support/memory_output.ts";
import { agentOf, passOf } from "../../report/report_fixtures.ts";

/** A person who thinks about each question until a test lets him answer. */
class SlowPerson {
  readonly stderr = new MemoryOutput({ isTerminal: true });
  readonly #answers: ((line: string) => void)[] = [];
  readonly stdin: TextInput = {
    isTerminal: true,
    readLine: (prompt) => {
      this.stderr.text += prompt;
      return new Promise((resolve) => this.#answers.push(resolve));
    },
    readHidden: () => Promise.resolve(null),
    readAll: () => Promise.resolve(new Uint8Array(0)),
  };

  question(nameOfApp: string): ApprovalQuestion {
    const { stdin, stderr } = this;
    const { signal } = new AbortController();
    const knownAgents = new MemoryKnownAgentsStore();
    return new ApprovalQuestion({ stdin, stderr, signal, knownAgents, nameOfApp });
  }

  /** Waits for a question. */
  async isAsked(): Promise<void> {
    while (this.#answers.length === 0) await nextTurn();
  }

  /** Answers a question. */
  answer(line: string): void {
    this.#answers.shift()?.(line);
  }
}

function waiting(app: string): PassReport {
  return passOf([agentOf({ kind: "pending", reason: "new" })], { app });
}

Deno.test("ApprovalTurns asks about one app at a time, and names it", async () => {
  const [turns, person] = [new ApprovalTurns(), new SlowPerson()];
  const [shop, blog] = [person.question("shop"), person.question("blog")];
  assertEquals(turns.hintFor(shop, waiting("shop")), "none");
  const asking = turns.ask(shop, waiting("shop"));
  await person.isAsked();
  assert(person.stderr.text.includes("1 agent of shop waits"));
  assertEquals(turns.hintFor(blog, waiting("blog")), "list");
  assertEquals(await turns.ask(blog, waiting("blog")), 0);
  assertEquals(await turns.ask(shop, waiting("shop")), 0);
  assert(!person.stderr.text.includes("blog"));
  person.answer("");
  assertEquals(await asking, 0);
  assertEquals(turns.hintFor(blog, waiting("blog")), "none");
  const next = turns.ask(blog, waiting("blog"));
  await person.isAsked();
  assert(person.stderr.text.includes("1 agent of blog waits"));
  person.answer("");
  await next;
});

Deno.test("ApprovalTurns shows the question that stands again below whatever is printed", async () => {
  const [turns, person] = [new ApprovalTurns(), new SlowPerson()];
  const [shop, blog] = [person.question("shop"), person.question("blog")];
  await turns.makeRoom();
  await turns.remind(null, waiting("x"));
  assertEquals(person.stderr.text, "");
  const asking = turns.ask(shop, waiting("shop"));
  await person.isAsked();
  const before = person.stderr.text;
  await turns.makeRoom();
  await turns.remind(blog, waiting("blog"));
  assert(person.stderr.text.slice(before.length).startsWith("\n"));
  assert(person.stderr.text.slice(before.length).includes("203.0.113.1:8888"));
  person.answer("");
  await asking;
});

Deno.test("ApprovalTurns shows commands where nobody can be asked", () => {
  assertEquals(new ApprovalTurns().hintFor(null, waiting("shop")), "commands");
});
