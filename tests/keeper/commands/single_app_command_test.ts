import { KEEPER_PROGRAM } from "../../../keeper/program.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { ListeningAgent, LoadoutPlace } from "../../support/loadout_place.ts";
import { type ProgramRun, runInProcess } from "../../support/program.ts";

/** Runs the command once on the vault of a place. */
async function runSingle(place: LoadoutPlace, ...args: readonly string[]): Promise<ProgramRun> {
  const folders = ["--vault-dir", place.path("vault"), "--state-dir", place.path("state")];
  return await runInProcess(KEEPER_PROGRAM, ["run-single-app", ...folders, "--run-once", ...args]);
}

async function somePlace(): Promise<LoadoutPlace> {
  return await LoadoutPlace.make({
    "vault/motd": "1",
    "vault/tls/key.pem": "2",
    "vault/seed.sql": "3",
  });
}

Deno.test("run-single-app gives each component what is for it, for its groups, and for all", async () => {
  await using web = await ListeningAgent.open({ app: "shop", component: "web" });
  await using db = await ListeningAgent.open({ app: "shop", component: "db" });
  await using place = await somePlace();
  const { code, stdout, stderr } = await runSingle(
    place,
    ...["shop", "web:tls", "db", "--agent-ips", `${web.address},${db.address}`],
    ...["--state-directives", "motd,tls:S@tls,seed.sql:sql/:C@db", "--remote-workdir", "app"],
  );
  assertEquals(code, 0, stderr);
  assert(/^pass 1: 2 agents, 2 as wanted/m.test(stdout), stdout);
  const held = [web, db].map(({ agent }) => agent.store.paths().sort());
  assertEquals(held, [["app/motd", "app/tls/key.pem"], ["app/motd", "app/sql/seed.sql"]]);
});

const MISTAKES: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["no app", [], /the app is not named/],
  ["nothing to deliver", ["shop", "--agent-ips", "127.0.0.1"], /there is nothing to deliver/],
  [
    "a component that is not there",
    ["shop", "web", "--agent-ips", "127.0.0.1", "--state-directives", "motd@db"],
    /db/,
  ],
  [
    "a file that is not there",
    ["shop", "--agent-ips", "127.0.0.1", "--state-directives", "gone"],
    /--state-directives names what the vault cannot give: "gone" \(file-missing\)/,
  ],
];

for (const [what, args, message] of MISTAKES) {
  Deno.test(`run-single-app exits with 2 over ${what}`, async () => {
    await using place = await somePlace();
    const { code, stdout, stderr } = await runSingle(place, ...args);
    assertEquals([code, stdout], [2, ""]);
    assert(message.test(stderr), stderr);
  });
}
