import { configure, getLogger, type LogRecord, reset } from "@logtape/logtape";
import { Agent, Keeper, type Logger, SILENT_LOGGER } from "@fluxvault/fluxvault";
import {
  generateIdentitySeed,
  importIdentity,
  MemoryKnownAgentsStore,
  MemorySecretStore,
  MemoryVault,
  parsePeerRule,
  PeerPolicy,
  StaticFleet,
} from "@fluxvault/fluxvault";
import { declareForAll, parseManagedFiles } from "@fluxvault/fluxvault/keeper";
import { assert, assertEquals } from "../support/assert.ts";
import { silenced } from "../support/silenced.ts";
import { MemoryPort } from "./memory_port.ts";

const SECRET = "correct horse battery staple";

async function deliver(loggers: { readonly agent: Logger; readonly keeper: Logger }) {
  const port = new MemoryPort("192.0.2.1");
  const agent = new Agent({
    identity: await importIdentity(await generateIdentitySeed()),
    store: new MemorySecretStore(),
    policy: new PeerPolicy([parsePeerRule("192.0.2.1")]),
    logger: loggers.agent,
  });
  const served = agent.serve(port);
  const keeper = new Keeper({
    fleet: new StaticFleet([{ host: "192.0.2.7", port: 8888 }]),
    vault: await MemoryVault.from({ "db.password": new TextEncoder().encode(SECRET) }),
    declarations: declareForAll(parseManagedFiles(["db.password"])),
    knownAgents: new MemoryKnownAgentsStore(),
    dial: port.dial,
    trust: "first-use",
    firstUseLimit: 1,
    logger: loggers.keeper,
  });
  const report = await keeper.pass();
  assertEquals(report.agents.map(({ outcome }) => outcome.kind), ["delivered"]);
  port.close();
  await served;
}

/** The key that an agent makes ahead is under way for a moment after it has ended. */
const KEY_AHEAD = { sanitizeOps: false };

Deno.test(
  "Logger is what LogTape's getLogger returns, and no record holds a secret",
  KEY_AHEAD,
  async () => {
    using silence = silenced();
    const records: LogRecord[] = [];
    await configure({
      sinks: { memory: (record) => records.push(record) },
      loggers: [
        { category: ["shop"], lowestLevel: "debug", sinks: ["memory"] },
        { category: ["logtape"], lowestLevel: "fatal", sinks: [] },
      ],
    });
    try {
      const keeper: Logger = getLogger(["shop", "keeper"]);
      await deliver({ agent: getLogger(["shop", "agent"]), keeper });
    } finally {
      await reset();
    }
    const categories = new Set(records.map(({ category }) => category.join(".")));
    assertEquals([...categories].sort(), ["shop.agent", "shop.keeper"]);
    const delivered = records.find(({ message }) => `${message}` === "a keeper has delivered");
    assertEquals([delivered?.level, delivered?.properties.created], ["info", 1]);
    assert(!JSON.stringify(records).includes(SECRET.split(" ")[0] ?? ""));
    assertEquals(silence.broken, []);
  },
);

Deno.test("Logger may be left out: nothing is written anywhere then", KEY_AHEAD, async () => {
  using silence = silenced();
  await deliver({ agent: SILENT_LOGGER, keeper: SILENT_LOGGER });
  assertEquals(silence.broken, []);
});
