/**
 * A keeper with a certificate authority, a primary, and a sub-agent that enrols: the real programs.
 *
 * @module
 */
import { encodeWif, generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import { Authority } from "../../keeper/authority/mod.ts";
import { DiskAuthorityStore } from "../../keeper/authority/state/disk_store.ts";
import { MemorySecrets } from "../keeper/authority/authority_site.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { type KeeperRun, readKeeperRun, readTree, type RunningAgent } from "../support/site.ts";
import type { ProcessEnd } from "../support/followed_process.ts";
import { AppSite, untilRegistered } from "../support/sub_agents.ts";

const KEY = generatePrivateKey();
const SIGNED = ["--signed-vault-connections", `--zelid=${zelIdOfKey(KEY)}`];

/** What an agent keeps in its folder of state, certificate or not. */
const KEPT = [".lock", "health.sock", "identity.json", "inventory", "manifest", "revisions.json"];

/** The agents of an app, and the keeper that serves them. */
class Stage implements AsyncDisposable {
  private constructor(
    readonly app: AppSite,
    readonly primary: RunningAgent,
    readonly db: RunningAgent,
  ) {}

  /** Starts the agents. */
  static async open(): Promise<Stage> {
    const app = await AppSite.open();
    const primary = await app.startPrimary();
    const db = await app.startSubAgent("db", { isTrusting: false, args: SIGNED });
    await untilRegistered(primary, "db");
    const { site } = app;
    await Deno.mkdir(site.path("credentials"));
    await Deno.writeTextFile(site.path("credentials/fluxvault-key"), encodeWif(KEY));
    return new Stage(app, primary, db);
  }

  /** Makes an authority, whose secret is a credential of the keeper. */
  async initAuthority(state = "keeper-state"): Promise<void> {
    const { site } = this.app;
    const secrets = new MemorySecrets();
    const authority = await Authority.open(new DiskAuthorityStore(site.path(state)), { secrets });
    await authority.init();
    const credential = site.path("credentials/fluxvault-authority");
    await Deno.writeTextFile(credential, secrets.secret?.secret ?? "");
  }

  /** Runs a command of the keeper. */
  async run(...args: readonly string[]): Promise<ProcessEnd> {
    const { site } = this.app;
    const variables = { CREDENTIALS_DIRECTORY: site.path("credentials") };
    return await site.run("keeper", args, { variables, input: "" });
  }

  /** Delivers a file. */
  async keep(content: string, state = "keeper-state"): Promise<KeeperRun> {
    const { site } = this.app;
    await Deno.writeTextFile(site.path("vault/a"), content);
    const end = await this.run(
      ...["--run-once", "--json", "--app-name", "shop", "--agent-ips", this.primary.address],
      ...["--vault-dir", site.path("vault"), "--managed-files", "a", "--first-use-limit", "2"],
      ...["--sign-connections", "--zelid", zelIdOfKey(KEY), "--state-dir", site.path(state)],
    );
    return readKeeperRun(end);
  }

  /** What became of the sub-agent in a run: `delivered`, or a code. */
  outcomeOf(run: KeeperRun): string {
    const { outcome, code } = run.agents.get(`${this.primary.address}/db`) ?? {};
    return outcome === "delivered" ? outcome : `${outcome} ${code} ${run.stderr}`;
  }

  /** The folder of state of the keeper. */
  get state(): string {
    return this.app.site.path("keeper-state");
  }

  /** Waits until the sub-agent has told its primary so often that it speaks TLS. */
  async untilTls(times = 1): Promise<void> {
    const { program } = this.db;
    const text = /keepers have to speak TLS from now on/g;
    await program.waitFor(() => (program.stderr.match(text)?.length ?? 0) >= times || undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app[Symbol.asyncDispose]();
  }
}

Deno.test("keeper: issues a certificate to a sub-agent in its first session, and speaks TLS to it then", async () => {
  await using stage = await Stage.open();
  await stage.initAuthority();
  assertEquals(stage.outcomeOf(await stage.keep("one")), "delivered");
  await stage.untilTls();
  for (const text of ["two", "three"]) {
    assertEquals(stage.outcomeOf(await stage.keep(text)), "delivered");
    assertEquals(await Deno.readTextFile(`${stage.db.files}/a`), text);
  }
  const { stdout } = await stage.run("ca", "list", "--state-dir", stage.state);
  assertMatch(stdout, /db\.agent\.shop\.fluxvault\.internal/);
  // One pass needed a certificate of its own for each of the last two.
  assertEquals(stdout.match(/keeper\.shop\.fluxvault\.internal/g)?.length, 2);
  // Keys are in memory alone: nothing of the agent's is said, or left.
  const { program, state } = stage.db;
  const kept = Object.keys(await readTree(state)).filter((path) => !KEPT.includes(path));
  assertEquals([kept, `${program.stdout}${program.stderr}`.includes("PRIVATE KEY")], [[], false]);
});

Deno.test("keeper: reaches no sub-agent under TLS whose certificate it has revoked", async () => {
  await using stage = await Stage.open();
  await stage.initAuthority();
  await stage.keep("one");
  await stage.untilTls();
  const { stdout } = await stage.run("ca", "list", "--json", "--state-dir", stage.state);
  const [serial = ""] = /[0-9a-f]{32}/.exec(stdout) ?? [];
  const revoked = await stage.run("ca", "revoke", serial, "--state-dir", stage.state);
  assertEquals(revoked.code, 0, revoked.stderr);
  assertMatch(stage.outcomeOf(await stage.keep("two")), /certificate-refused/);
  assertEquals(await Deno.readTextFile(`${stage.db.files}/a`), "one");
});

Deno.test("keeper: reaches no sub-agent under TLS with another authority, or with none", async () => {
  await using stage = await Stage.open();
  await stage.initAuthority();
  await stage.keep("one");
  await stage.untilTls();
  await stage.initAuthority("other-state");
  const other = await stage.keep("two", "other-state");
  assertMatch(stage.outcomeOf(other), /certificate-refused/);
  await Deno.remove(stage.app.site.path("credentials/fluxvault-authority"));
  assertMatch(stage.outcomeOf(await stage.keep("two")), /tls-unknown/);
  assertEquals(await Deno.readTextFile(`${stage.db.files}/a`), "one");
});

Deno.test("keeper: delivers without TLS where it can make no authority", async () => {
  await using stage = await Stage.open();
  for (const text of ["one", "two"]) {
    assertEquals(stage.outcomeOf(await stage.keep(text)), "delivered");
    assertEquals(await Deno.readTextFile(`${stage.db.files}/a`), text);
  }
  await stage.db.program.waitForLog(/no certificate came of the keeper/);
});
