import type { Authority } from "../../../keeper/authority/mod.ts";
import type { CalledAgent } from "../../../keeper/contact/called_agent.ts";
import { certificateCalls } from "../../../keeper/contact/certificate_calls.ts";
import { type CallDesk, CallError, SILENT_LOGGER, StorageError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { agentOrder, APP, openMemoryAuthority } from "../authority/authority_site.ts";

function agent(
  other: Partial<CalledAgent> = {},
  wants: readonly string[] = ["calls"],
): CalledAgent {
  const origin = { readiness: { wants } } as unknown as CalledAgent["origin"];
  const address = { host: "203.0.113.1", port: 8_888 };
  const names = { app: APP, component: "db", fingerprint: "SHA256:x", level: "approved" } as const;
  return { address, ...names, isPlan: false, origin, extendTime() {}, ...other };
}

/** A desk that notes what is called, and answers with the next code. */
function makeDesk(...codes: readonly (string | null)[]) {
  const asked: string[] = [];
  const left = [...codes];
  const call = (action: unknown, { input }: { readonly input: object }) => {
    asked.push(`${action} ${Object.keys(input)}`);
    const code = left.shift() ?? null;
    return code === null ? Promise.resolve(null) : Promise.reject(new CallError(code, "no"));
  };
  return { asked, desk: { call } as unknown as CallDesk };
}

async function issued(logger = SILENT_LOGGER) {
  const { authority } = await openMemoryAuthority();
  await authority.issue(await agentOrder());
  return certificateCalls({ authority: () => Promise.resolve(authority), logger });
}

Deno.test("certificateCalls tells an agent of both lists, that of the root first", async () => {
  const { asked, desk } = makeDesk();
  await (await issued())(agent())?.work?.(desk);
  assertEquals(asked, ["revocations RootRevocations", "revocations Revocations"]);
});

Deno.test("certificateCalls goes on where one list is refused, and not where calls are unknown", async () => {
  const refused = makeDesk("list-refused", "list-refused");
  await (await issued())(agent())?.work?.(refused.desk);
  assertEquals(refused.asked.length, 2);
  const unknown = makeDesk("unknown-action");
  await (await issued())(agent())?.work?.(unknown.desk);
  assertEquals(unknown.asked.length, 1);
  const broken = makeDesk("failed");
  await assertRejects(async () => await (await issued())(agent())?.work?.(broken.desk), CallError);
});

Deno.test("certificateCalls tells nothing to who takes no calls, or before anything was issued", async () => {
  const quiet = makeDesk();
  await (await issued())(agent({}, ["files"]))?.work?.(quiet.desk);
  const { authority, store } = await openMemoryAuthority();
  const calls = certificateCalls({
    authority: () => Promise.resolve(authority),
    logger: SILENT_LOGGER,
  });
  await calls(agent())?.work?.(quiet.desk);
  assertEquals([quiet.asked, store.files.size], [[], 0]);
});

Deno.test("certificateCalls offers nothing in a plan, of no app, and to who is known by an address", async () => {
  const calls = await issued();
  assertEquals(calls(agent({ isPlan: true })), null);
  assertEquals(calls(agent({ app: null })), null);
  assertEquals(calls(agent({ level: "address" })), null);
  assertEquals(calls(agent())?.actions?.map(({ name }) => name), ["certificate"]);
});

Deno.test("certificateCalls says once that lists cannot be made, and costs no delivery", async () => {
  const logger = new MemoryLogger();
  const { authority } = await openMemoryAuthority();
  await authority.issue(await agentOrder());
  let isBroken = true;
  const open = (): Promise<Authority> =>
    isBroken
      ? Promise.reject(new StorageError("state-malformed", "the index is damaged"))
      : Promise.resolve(authority);
  const work = certificateCalls({ authority: open, logger })(agent())?.work;
  assert(work !== undefined);
  const { asked, desk } = makeDesk();
  for (const broken of [true, true, false, true]) {
    isBroken = broken;
    await work(desk);
  }
  assertEquals([logger.events.length, asked.length], [2, 2]);
});
