/** A site whose keeper certifies keys of applications, for agents of the app `demo`. */
import { type FluxPrivateKey, generatePrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import { Authority } from "../../keeper/authority/mod.ts";
import { DiskAuthorityStore } from "../../keeper/authority/state/disk_store.ts";
import { generateAuthoritySecret } from "../../keeper/authority/state/private_key_seal.ts";
import type { JsonLine } from "./followed_process.ts";
import { type DemoLoadout, startDemoKeeper, writeLoadout } from "./loadout_site.ts";
import { type SignedAgentStart, startSignedAgent } from "./signed_agent.ts";
import { type KeeperRun, readKeeperRun, type RunningAgent, Site } from "./site.ts";

const PASSPHRASE = "correct horse battery";

/** What is declared, beside the agents and the key that signs. */
export type CertifiedLoadout = Pick<DemoLoadout, "directives" | "hooks" | "more">;

/** What a command of the keeper wrote, and how it ended. */
export interface KeeperCommandRun extends KeeperRun {
  /** What was planned, line by line. */
  readonly plans: readonly JsonLine[];
}

/** The site, with the key that signs. */
export class CertifiedSite implements AsyncDisposable {
  readonly site: Site;
  readonly key: FluxPrivateKey = generatePrivateKey();

  private constructor(site: Site) {
    this.site = site;
  }

  /**
   * Makes a vault with a file, and an authority whose secret is a credential; or, where the keeper is to
   * make it, the passphrase of its keys, which takes each of its commands seconds.
   */
  static async open({ isMade = true }: { readonly isMade?: boolean } = {}): Promise<CertifiedSite> {
    const site = await Site.open({ motd: "hello\n" });
    if (!isMade) await site.store({ "fluxvault-passphrase": PASSPHRASE }, "credentials");
    else await makeAuthority(site);
    return new CertifiedSite(site);
  }

  /** Starts an agent that takes what the keeper signs. */
  startAgent(
    { component = "web", args = [], host, process }: {
      readonly component?: string;
    } & Pick<SignedAgentStart, "args" | "host" | "process"> = {},
  ): Promise<RunningAgent> {
    return startSignedAgent(this.site, {
      name: component,
      zelids: [zelIdOfKey(this.key)],
      args: ["--app-name", "demo", "--component-name", component, ...args],
      ...(host === undefined ? {} : { host }),
      ...(process === undefined ? {} : { process }),
    });
  }

  /** Declares what agents are to hold. */
  declare(agents: readonly RunningAgent[], loadout: CertifiedLoadout): Promise<void> {
    const addresses = agents.map(({ address }) => address);
    return writeLoadout(this.site, { ...loadout, agents: addresses, key: this.key });
  }

  /** Runs a command of the keeper. */
  async run(...words: readonly string[]): Promise<KeeperCommandRun> {
    const store = words[0] === "status" ? [] : ["--key-store", "file"];
    const { key } = this;
    const keeper = startDemoKeeper(this.site, {
      words: [...words, ...store],
      variables: { CREDENTIALS_DIRECTORY: this.site.path("credentials") },
      key,
    });
    const end = await keeper.end;
    const run = readKeeperRun(end);
    const lines = end.stdout.split("\n").filter((line) => line.startsWith("{"))
      .map((line): JsonLine => JSON.parse(line));
    return { ...run, plans: lines.filter(({ type }) => type === "agent-plan") };
  }

  /** Serves the app once. */
  deliver(): Promise<KeeperCommandRun> {
    return this.run("run", "--run-once");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.site[Symbol.asyncDispose]();
  }
}

async function makeAuthority(site: Site): Promise<void> {
  const stateFolder = site.path("keeper-state");
  await Deno.mkdir(stateFolder, { mode: 0o700 });
  const secret = generateAuthoritySecret();
  const authority = await Authority.open(new DiskAuthorityStore(stateFolder), {
    secrets: {
      read: () => Promise.resolve(secret),
      create: () => Promise.resolve({ id: "0123456789abcdef", secret }),
    },
  });
  await authority.init();
  await site.store({ "fluxvault-authority": secret }, "credentials");
}
