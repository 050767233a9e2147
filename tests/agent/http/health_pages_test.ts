import { HealthPages, type HealthSources } from "../../../agent/http/health_pages.ts";
import { MAX_MEASURED_FILES } from "../../../agent/limits.ts";
import type { FileEntry } from "../../../protocol/manifest_entry.ts";
import { assert, assertEquals } from "../../support/assert.ts";

function entry(path: string): FileEntry {
  return { kind: "file", path, digest: "00", size: 1, mode: 0o600, strategy: "STRICT" };
}

function pagesOf(more: Partial<HealthSources> = {}): HealthPages {
  return new HealthPages({
    health: () => ({ serving: true, delivered: true }),
    missing: () => [],
    list: () => [entry("a"), entry('gone "\\\n')],
    isInPlace: ({ path }) => Promise.resolve(path === "a"),
    look: ({ path }) => path === "a" ? { modifiedMs: 1_000 } : null,
    version: "1.2.3",
    now: () => 3_500,
    ...more,
  });
}

async function get(
  pages: HealthPages,
  target: string,
  { method = "GET", address = "127.0.0.1", host = "localhost:9090" } = {},
): Promise<readonly [status: number, text: string]> {
  const fields = new Map([["host", host]]);
  const head = { method, target, fields, isKept: true, bodyBytes: 0 };
  const { status, body } = await pages.handle(head, address);
  return [status, String(body)];
}

Deno.test("HealthPages says that the agent lives, whatever it has", async () => {
  const pages = pagesOf({ health: () => ({ serving: false, delivered: false }) });
  assertEquals(await get(pages, "/healthz"), [200, "ok\n"]);
});

Deno.test("HealthPages is ready once all is in place, and says else how much is not", async () => {
  const health = () => ({ serving: true, delivered: false });
  assertEquals(await get(pagesOf(), "/readyz"), [200, "ok\n"]);
  assertEquals(await get(pagesOf({ health, missing: () => null }), "/readyz"), [
    503,
    "nothing has been delivered yet\n",
  ]);
  assertEquals(await get(pagesOf({ health, missing: () => ["a", "b"] }), "/readyz"), [
    503,
    "not in place: 2 files\n",
  ]);
  const stopping = () => ({ serving: false, delivered: true });
  assertEquals((await get(pagesOf({ health: stopping }), "/readyz"))[0], 503);
});

Deno.test("HealthPages writes figures as Prometheus reads them", async () => {
  const pages = pagesOf();
  pages.noteReport({ wire: 2, isComplete: true, isPlan: false });
  pages.noteReport({ wire: 2, isComplete: true, isPlan: false });
  pages.noteReport({ wire: 2, isComplete: true, isPlan: true });
  pages.noteReport({ wire: 2, isComplete: true, isPlan: false, isCallsOnly: true });
  pages.noteReport({ wire: "original", isComplete: false, isPlan: false });
  const [status, text] = await get(pages, "/metrics");
  assertEquals(status, 200);
  assertEquals(text.split("\n").filter((line) => !line.startsWith("#")), [
    'fluxvault_build_info{version="1.2.3"} 1',
    "fluxvault_ready 1",
    "fluxvault_files 2",
    'fluxvault_file_in_place{path="a"} 1',
    'fluxvault_file_in_place{path="gone \\"\\\\\\n"} 0',
    'fluxvault_file_age_seconds{path="a"} 2.5',
    "fluxvault_last_contact_timestamp_seconds 3.5",
    'fluxvault_sessions_total{wire="2",result="delivered"} 2',
    'fluxvault_sessions_total{wire="2",result="plan"} 1',
    'fluxvault_sessions_total{wire="2",result="calls"} 1',
    'fluxvault_sessions_total{wire="original",result="broken"} 1',
    "",
  ]);
  assert(text.includes("# TYPE fluxvault_sessions_total counter\n"));
  assert(text.includes("# TYPE fluxvault_file_in_place gauge\n"));
});

Deno.test("HealthPages tells of whatever else is measured", async () => {
  const figures = () => [
    { name: "fluxvault_sub_agents", help: "So many.", samples: [[{}, 2]] as const },
    {
      name: "fluxvault_relays_total",
      help: "So many.",
      samples: [[{ result: "ended" }, 3]] as const,
    },
  ];
  const [, text] = await get(pagesOf({ figures }), "/metrics");
  assert(text.includes("\n# TYPE fluxvault_sub_agents gauge\nfluxvault_sub_agents 2\n"));
  assert(
    text.includes(
      '\n# TYPE fluxvault_relays_total counter\nfluxvault_relays_total{result="ended"} 3\n',
    ),
  );
});

Deno.test("HealthPages says of too many files only how many there are", async () => {
  const entries = Array.from({ length: MAX_MEASURED_FILES + 1 }, (_, i) => entry(`${i}`));
  const [, text] = await get(pagesOf({ list: () => entries }), "/metrics");
  assert(text.includes(`\nfluxvault_files ${MAX_MEASURED_FILES + 1}\n`));
  assert(!text.includes("fluxvault_file_in_place"));
});

Deno.test("HealthPages measures once for many who ask at once", async () => {
  let listed = 0;
  const pages = pagesOf({
    list: () => {
      listed++;
      return [entry("a")];
    },
  });
  await Promise.all([1, 2, 3].map(() => get(pages, "/metrics")));
  assertEquals(listed, 1);
});

Deno.test("HealthPages turns a page away whose name leads to it, and takes its own names", async () => {
  for (const target of ["/healthz", "/readyz", "/metrics"]) {
    assertEquals((await get(pagesOf(), target, { host: "rebound.example:9090" }))[0], 403, target);
    for (const host of ["127.0.0.1:9090", "[::1]:9090", "fluxagent_shop"]) {
      assertEquals((await get(pagesOf(), target, { host }))[0], 200, host);
    }
  }
});

Deno.test("HealthPages answers nobody else, and nothing else", async () => {
  assertEquals((await get(pagesOf(), "/healthz", { address: "198.51.100.7" }))[0], 403);
  assertEquals((await get(pagesOf(), "/healthz", { method: "POST" }))[0], 405);
  for (const target of ["/", "/files/a", "/healthz/", "*"]) {
    assertEquals((await get(pagesOf(), target))[0], 404, target);
  }
});
