/** Either side on the disk of a machine, over TCP, with a key that signs. */
import { DiskAgent, listen } from "@fluxvault/fluxvault/agent";
import { generatePrivateKey, zelIdOfKey } from "@fluxvault/fluxvault/flux";
import {
  approveAgents,
  createStatementSigner,
  declareForAll,
  dialAgent,
  DiskVault,
  Keeper,
  KnownAgentsFile,
  parseManagedFiles,
  StaticFleet,
} from "@fluxvault/fluxvault/keeper";
import { assertEquals } from "../support/assert.ts";
import { silenced } from "../support/silenced.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";

/** The key that an agent makes ahead is under way for a moment after it has ended. */
const KEY_AHEAD = { sanitizeOps: false };

Deno.test(
  "an agent and a keeper on disk run until they are stopped, and hear what happens",
  KEY_AHEAD,
  async () => {
    using silence = silenced();
    await using folder = await temporaryFolder();
    const { path } = folder;
    await Deno.mkdir(`${path}/vault`, { mode: 0o700 });
    await Deno.writeTextFile(`${path}/vault/db.password`, "correct horse");
    const key = generatePrivateKey();

    await using agent = await DiskAgent.open({
      workingFolder: `${path}/files`,
      stateFolder: `${path}/agent`,
      signers: [zelIdOfKey(key)],
    });
    const agentEvents = agent.events();
    const listener = listen({ hostname: "127.0.0.1", port: 0 });
    const served = agent.serve(listener);

    const knownAgents = new KnownAgentsFile(`${path}/keeper`);
    await using keeper = new Keeper({
      fleet: new StaticFleet([{ host: "127.0.0.1", port: listener.address.port }]),
      vault: new DiskVault(`${path}/vault`),
      declarations: declareForAll(parseManagedFiles(["db.password"])),
      knownAgents,
      dial: dialAgent,
      signer: createStatementSigner(key),
    });
    const stop = new AbortController();
    const keeperEvents = keeper.events();
    const running = keeper.run({ signal: stop.signal }).catch((reason) => reason);

    const heard: string[] = [];
    for await (const event of keeperEvents) {
      if (event.kind === "agent-waiting" && event.fingerprint === agent.fingerprint) {
        const selectors = [event.fingerprint];
        await knownAgents.update((state) => approveAgents(state, { selectors }, Date.now()).state);
        await keeper.noticeDecisions();
      }
      if (event.kind === "agent-served") heard.push(event.report.outcome.kind);
      if (heard.at(-1) === "delivered") stop.abort("done");
    }
    assertEquals([await running, heard], ["done", ["pending", "delivered"]]);
    assertEquals(await Deno.readTextFile(`${path}/files/db.password`), "correct horse");

    await agent[Symbol.asyncDispose]();
    await served;
    const kinds: string[] = [];
    for await (const { kind } of agentEvents) kinds.push(kind);
    // What the keeper does not know it wants no session with.
    assertEquals(kinds, ["session-refused", "session-started", "delivery", "session-ended"]);
    assertEquals(silence.broken, []);
  },
);
