import { assert, assertEquals } from "../../support/assert.ts";
import { passOf } from "../report/report_fixtures.ts";
import { fileOf, folderOf, plannedAgent, planOf, viewsOf } from "./plan_fixtures.ts";

const BEFORE = { contents: "0ld", size: 3, time: "2030-01-01T00:00:00.000Z" };

Deno.test("viewPlan tells of contents by keyed fingerprints, and never their digest", async () => {
  const entries = [fileOf("a", { uid: 1, gid: 2 }), folderOf("c")];
  const plan = planOf(entries, [
    { path: "a", outcome: "created" },
    { path: "c", outcome: "created" },
    { path: "z", outcome: "removed" },
  ]);
  const views = await viewsOf(passOf([plannedAgent(plan)]));
  const [removed, file, folder] = views[0]?.lines ?? [];
  assertEquals(file, {
    action: "create",
    path: "a",
    kind: "file",
    size: 24,
    mode: 0o600,
    uid: 1,
    gid: 2,
    contents: `f00d11${"0".repeat(26)}`,
    before: null,
    isDrift: false,
    code: null,
  });
  assertEquals([folder?.kind, folder?.contents, folder?.size], ["folder", null, null]);
  assertEquals([removed?.path, removed?.kind, removed?.contents], ["z", null, null]);
  assert(!JSON.stringify(views.map(({ lines }) => lines)).includes("1".repeat(64)));
});

Deno.test("viewPlan asks what each agent was given before, where a file would be brought", async () => {
  const entries = [fileOf("a"), fileOf("b"), fileOf("c")];
  const plan = planOf(entries, [
    { path: "a", outcome: "updated" },
    { path: "b", outcome: "reowned" },
    { path: "c", outcome: "created" },
  ]);
  const asked: string[] = [];
  const views = await viewsOf(passOf([plannedAgent(plan, { fingerprint: "SHA256:k" })]), {
    givenBefore: (files) => {
      asked.push(...files.map(({ agent, path }) => `${agent} ${path}`));
      return Promise.resolve(({ path }) => path === "a" ? BEFORE : null);
    },
  });
  assertEquals(asked.sort(), ["SHA256:k a", "SHA256:k c"]);
  const lines = new Map(views[0]?.lines.map((line) => [line.path, line]));
  assertEquals([lines.get("a")?.before, lines.get("b")?.before], [BEFORE, null]);
});

Deno.test("viewPlan says that a file was changed at the agent, where it was given this one", async () => {
  const plan = planOf([fileOf("a")], [{ path: "a", outcome: "updated" }]);
  const contents = `f00d11${"0".repeat(26)}`;
  for (const [given, isDrift] of [[contents, true], ["other", false]] as const) {
    const [view] = await viewsOf(passOf([plannedAgent(plan)]), {
      givenBefore: () => Promise.resolve(() => ({ ...BEFORE, contents: given })),
    });
    assertEquals(view?.lines[0]?.isDrift, isDrift);
  }
});

Deno.test("viewPlan says how much an agent would be offered that was not asked", async () => {
  const entries = [fileOf("a"), fileOf("b", { size: 6 }), folderOf("c")];
  const plan = planOf(entries, [], { isAsked: false });
  const [view] = await viewsOf(passOf([plannedAgent(plan)]));
  assertEquals([view?.offered, view?.lines], [{ files: 2, bytes: 30 }, []]);
});
