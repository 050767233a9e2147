/**
 * The agent as an entrypoint where things end at the wrong time: itself, its keeper, or the application.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { restoredLine, startSignedAgent } from "../support/signed_agent.ts";
import { deliverSigned, signerOf } from "../support/signing.ts";
import { outcomesOf, type RunningAgent, Site } from "../support/site.ts";
import { WireTap } from "../support/wire_tap.ts";

/** An entrypoint is of a Unix. */
const UNIX = { ignore: Deno.build.os === "windows" };

const SIGNER = signerOf();
const FILES = { "db.password": "s3cret", "tls/key.pem": "key" };

/** Starts an agent that asks for signatures; its application says what it has, and ends. */
function startSigned(site: Site): Promise<RunningAgent> {
  const application = ["/bin/sh", "-c", 'echo "has $(cat agent/files/db.password)"'];
  return startSignedAgent(site, { zelids: [SIGNER.address], process: { application } });
}

/** Starts it once more after it was given files, and it has ended. */
async function startAgain(site: Site): Promise<RunningAgent> {
  const first = await startSigned(site);
  await deliverSigned(first, FILES, { signer: SIGNER });
  const { code, stdout } = await first.program.end;
  assertEquals([code, stdout], [0, "has s3cret\n"]);
  return await startSigned(site);
}

Deno.test(
  "entrypoint: starts the application without a keeper, where the files are as they were signed",
  UNIX,
  async () => {
    await using site = await Site.open();
    const { code, stdout, stderr } = await (await startAgain(site)).program.end;
    assertEquals([code, stdout], [0, "has s3cret\n"], stderr);
  },
);

Deno.test(
  "entrypoint: waits for the keeper where a file is no longer as it was signed",
  UNIX,
  async () => {
    await using site = await Site.open();
    const first = await startSigned(site);
    await deliverSigned(first, FILES, { signer: SIGNER });
    await first.program.end;
    await Deno.writeTextFile(`${first.files}/tls/key.pem`, "another");
    const second = await startSigned(site);
    assertEquals((await restoredLine(second)).changed, ["tls/key.pem"]);
    await second.program.waitForLog(/the application waits for its files.*tls\/key\.pem/);
    assertEquals(second.program.stdout, "");
    await deliverSigned(second, FILES, { signer: SIGNER, revision: 2 });
    assertEquals((await second.program.end).stdout, "has s3cret\n");
  },
);

Deno.test("entrypoint: waits for the keeper where nobody signed what is there", UNIX, async () => {
  await using site = await Site.open(FILES);
  const application = ["/bin/sh", "-c", "echo started"];
  const first = await site.startAgent({ process: { application } });
  await site.deliver({ agents: [first.address] });
  assertEquals((await first.program.end).stdout, "started\n");
  const second = await site.startAgent({ process: { application } });
  await second.program.waitForLog(/the application waits for its files.*no keeper has delivered/);
  assertEquals(second.program.stdout, "");
  await site.deliver({ agents: [second.address] });
  assertEquals((await second.program.end).stdout, "started\n");
});

Deno.test(
  "entrypoint: ends a delivery in order that is under way when the application ends",
  UNIX,
  async () => {
    await using site = await Site.open({ first: "1" });
    const pipe = await new Deno.Command("mkfifo", { args: [site.path("end")] }).output();
    assertEquals(pipe.code, 0);
    const script = "echo ready; read word <end; exit 5";
    const agent = await site.startAgent({
      args: ["--wait-for", "first"],
      process: { application: ["/bin/sh", "-c", script] },
    });
    assertEquals((await site.deliver({ agents: [agent.address], managed: ["first"] })).code, 0);
    await agent.program.waitFor(() => agent.program.stdout.includes("ready") || undefined);
    await site.store({ second: "x".repeat(3_000_000) });
    let isEnding = false;
    await using tap = new WireTap(agent, {
      meddle: ({ from, index, bytes }) => {
        // Well after the handshake and the manifest, in the middle of the file.
        if (from === "keeper" && index > 10 && !isEnding) {
          isEnding = true;
          Deno.writeTextFileSync(site.path("end"), "now\n");
        }
        return [bytes];
      },
    });
    const run = await site.deliver({ agents: [tap.address], args: ["--first-use-limit", "9"] });
    const { code, stderr } = await agent.program.end;
    assert(isEnding);
    assertEquals(code, 5, stderr);
    assertEquals(run.code, 0, run.stdout + run.stderr);
    assertEquals(outcomesOf(run.agents.get(tap.address)), { second: "created" });
    assertEquals((await Deno.stat(`${agent.files}/second`)).size, 3_000_000);
  },
);

interface Mistake {
  readonly args?: readonly string[];
  readonly application?: readonly string[];
  readonly mayRun?: boolean;
  readonly says: RegExp;
}

const MISTAKES: Readonly<Record<string, Mistake>> = {
  "a command in an agent that may run none": {
    application: ["true"],
    mayRun: false,
    says: /the command behind -- cannot be started: .*permission.*agent:run/s,
  },
  "programs for hooks in an agent that may run none": {
    args: ["--allow-run", "true"],
    mayRun: false,
    says: /--allow-run cannot be had: .*permission.*agent:run/s,
  },
  "no command behind --": { application: [], says: /no command stands behind --/ },
};

for (const [name, { args = [], says, ...process }] of Object.entries(MISTAKES)) {
  Deno.test(`entrypoint: is told what to do about ${name}`, UNIX, async () => {
    await using site = await Site.open();
    const run = await site.run("agent", ["--whitelisted-addresses", "127.0.0.1", ...args], process);
    assertEquals(run.code, 2, run.stderr);
    assertMatch(run.stderr, says);
    assertEquals([...Deno.readDirSync(site.folder)].map((entry) => entry.name), ["vault"]);
  });
}
