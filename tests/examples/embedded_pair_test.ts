import { assertEquals } from "../support/assert.ts";
import { silenced } from "../support/silenced.ts";
import { runEmbeddedPair } from "./embedded_pair.ts";

/** The key that an agent makes ahead is under way for a moment after it has ended. */
const KEY_AHEAD = { sanitizeOps: false };

Deno.test(
  "an agent inside an application takes up what a keeper inside another one gives it",
  KEY_AHEAD,
  async () => {
    using silence = silenced();
    assertEquals(await runEmbeddedPair(), {
      passwords: ["correct horse", "battery staple"],
      history: [
        "192.0.2.7:8888 pending",
        ...Array.from({ length: 3 }, () => "192.0.2.7:8888 delivered"),
      ],
      answer: 2,
    });
    assertEquals(silence.broken, []);
  },
);

Deno.test(
  "any number of agents and keepers live in one process, and nothing is shared",
  KEY_AHEAD,
  async () => {
    using silence = silenced();
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => runEmbeddedPair()));
    for (const outcome of outcomes) assertEquals(outcome, outcomes[0]);
    assertEquals([outcomes[0]?.answer, silence.broken], [2, []]);
  },
);
