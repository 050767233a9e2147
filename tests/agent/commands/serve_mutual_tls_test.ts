import { ServedMutualTls } from "../../../agent/commands/serve_mutual_tls.ts";
import type { CallDesk, Duplex } from "../../../protocol/mod.ts";
import { duplexPair } from "../../../protocol/duplex.ts";
import { ConnectionError } from "../../../protocol/errors.ts";
import { connectTls } from "../../../protocol/host/tls/mod.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { MemoryLogger } from "../../support/memory_logger.ts";
import { PlayedIssuer } from "../../support/played_issuer.ts";
import {
  AGENT_NAME,
  checkAgent,
  createAuthorities,
  credentialsFor,
  KEEPER,
} from "../../support/tls_ends.ts";

const HOUR_MS = 3_600_000;
const AUTHORITIES = await createAuthorities();
const { signal } = new AbortController();

function stage() {
  const clock = { aheadMs: 0 };
  const logger = new MemoryLogger();
  const seen = { changes: 0 };
  const mutualTls = new ServedMutualTls({
    app: "shop",
    component: "db",
    logger,
    onChange: () => void seen.changes++,
    now: () => Date.now() + clock.aheadMs,
  });
  const issuer = new PlayedIssuer(AUTHORITIES);
  // A session, as far as the agent's own calls see of it.
  const meet = async () => await mutualTls.calls.work?.(issuer.desk as CallDesk);
  return { clock, logger, mutualTls, seen, meet };
}

/** Whether the agent takes a connection as it is. */
async function isPlain(mutualTls: ServedMutualTls): Promise<boolean> {
  const [near] = duplexPair();
  return await mutualTls.secure(near, { signal }) === near;
}

async function connect(keeperEnd: Duplex): Promise<Duplex> {
  const shows = await credentialsFor(KEEPER, AUTHORITIES);
  const options = { ...shows, serverName: AGENT_NAME, check: checkAgent(), signal };
  return await connectTls(keeperEnd, options);
}

Deno.test("ServedMutualTls asks for TLS once there is a certificate and keepers know of it", async () => {
  const { mutualTls, meet, seen } = stage();
  assertEquals([mutualTls.isHeld, await isPlain(mutualTls)], [false, true]);
  await meet();
  assertEquals([mutualTls.isHeld, seen.changes, await isPlain(mutualTls)], [true, 1, true]);
  mutualTls.noteAnnounced(true);
  const [agentEnd, keeperEnd] = duplexPair();
  const [secured, connected] = await Promise.all([
    mutualTls.secure(agentEnd, { signal }),
    connect(keeperEnd),
  ]);
  assert(secured !== agentEnd);
  const writer = secured.writable.getWriter();
  await writer.write(new Uint8Array([7]));
  assertEquals([...(await connected.readable.getReader().read()).value ?? []], [7]);
  await writer.abort();
});

Deno.test("ServedMutualTls refuses plain text then", async () => {
  const { mutualTls, meet } = stage();
  await meet();
  mutualTls.noteAnnounced(true);
  const [agentEnd, keeperEnd] = duplexPair();
  const secured = mutualTls.secure(agentEnd, { signal });
  const refused = assertRejects(() => secured, ConnectionError, "certificate-refused");
  await keeperEnd.writable.getWriter().write(new Uint8Array([0x7b, 0x7d, 0x0a])).catch(() => {});
  await keeperEnd.writable.abort().catch(() => {});
  await refused;
});

Deno.test("ServedMutualTls goes on without TLS where the certificate has expired unrenewed", async () => {
  const { mutualTls, meet, clock, logger } = stage();
  await meet();
  mutualTls.noteAnnounced(true);
  clock.aheadMs = 25 * HOUR_MS;
  assertEquals([mutualTls.isHeld, await isPlain(mutualTls)], [false, true]);
  mutualTls.noteAnnounced(false);
  assertEquals(logger.messages("warn").length, 1);
});

Deno.test("ServedMutualTls offers keepers to take their lists of what is revoked", () => {
  const { actions = [] } = stage().mutualTls.calls;
  assertEquals(actions.map(({ name }) => name), ["revocations"]);
});
