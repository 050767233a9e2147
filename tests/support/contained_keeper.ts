/** A keeper in containers, one for each run, with a vault and a state that stay between them. */
import { base64urlnopad } from "@scure/base";
import { encodeWif, type FluxPrivateKey, zelIdOfKey } from "../../flux/mod.ts";
import { type Container, type ContainerHost, type ContainerStart, POOR } from "./container_host.ts";
import type { NetworkMember } from "./container_network.ts";
import type { ProcessEnd } from "./followed_process.ts";
import { type KeeperRun, readKeeperRun, Site } from "./site.ts";

/** The user whom the images run as. */
export const NOBODY = 65_534;

/** A keeper; `await using` removes it. */
export class ContainedKeeper implements AsyncDisposable {
  readonly #host: ContainerHost;
  readonly #image: string;
  readonly #place: NetworkMember;
  readonly #site: Site;
  readonly #volume: string;
  /** The secrets of the engine that it is given. */
  readonly #secrets: string[] = [];
  /** How to start it so that it finds them, and uses them. */
  readonly #options: string[] = [];
  readonly #signing: string[] = [];

  private constructor(host: ContainerHost, { site, image, place }: {
    readonly site: Site;
    readonly image: string;
    readonly place: NetworkMember;
  }) {
    this.#host = host;
    this.#site = site;
    this.#image = image;
    this.#place = place;
    this.#volume = `state-of-${place.namespace}`;
  }

  /** Makes one that keeps this as `db.password`. */
  static async open(
    host: ContainerHost,
    { secret, ...options }: {
      /** What it keeps. */
      readonly secret: string;
      /** Its image. */
      readonly image: string;
      /** Where it dials from. */
      readonly place: NetworkMember;
    },
  ): Promise<ContainedKeeper> {
    const keeper = new ContainedKeeper(host, { ...options, site: await Site.open() });
    await keeper.keep(secret);
    return keeper;
  }

  /** Changes what it keeps. */
  async keep(secret: string): Promise<void> {
    await this.#site.store({ "db.password": secret });
    for (const path of ["vault", "vault/db.password"]) {
      await Deno.chown(this.#site.path(path), NOBODY, NOBODY);
    }
  }

  /** Has it sign from now on, with a key that is a secret of the engine; returns the address. */
  async sign(key: FluxPrivateKey): Promise<string> {
    const address = zelIdOfKey(key);
    await this.#give("fluxvault-key", encodeWif(key));
    this.#signing.push("--sign-connections", "--zelid", address);
    return address;
  }

  /** Lets it have a certificate authority, by a secret of the engine. */
  async certify(): Promise<void> {
    const secret = base64urlnopad.encode(crypto.getRandomValues(new Uint8Array(32)));
    await this.#give("fluxvault-authority", secret);
  }

  /** Runs a command of it to its end. */
  run(...args: readonly string[]): Promise<ProcessEnd> {
    return this.#host.runOnce(this.#startOf(args, []));
  }

  /** Brings the secret to agents, by their addresses, once. */
  async deliver(
    agents: readonly NetworkMember[],
    ...more: readonly string[]
  ): Promise<KeeperRun> {
    const args = ["--json", "--run-once", ...this.#argumentsFor(agents), ...more];
    return readKeeperRun(await this.#host.runOnce(this.#startOf(args, this.#options)));
  }

  /** Brings the secret to one agent, once; returns the report of it, or throws what was said. */
  async deliverTo(agent: NetworkMember, ...more: readonly string[]) {
    const { agents, stderr } = await this.deliver([agent], ...more);
    const report = agents.get(`${agent.address}:8888`);
    if (report === undefined) throw new Error(stderr);
    return report;
  }

  /** Starts it to serve agents until it is ended; `await using` removes the container. */
  async serve(agents: readonly NetworkMember[], ...more: readonly string[]): Promise<Container> {
    const args = ["--json", ...this.#argumentsFor(agents), ...more];
    return await this.#host.start(this.#startOf(args, this.#options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // There is none where it did not come to run.
    await this.#host.tryPodman("volume", "rm", this.#volume);
    for (const secret of this.#secrets) await this.#host.podman("secret", "rm", secret);
    await this.#site[Symbol.asyncDispose]();
  }

  async #give(credential: string, text: string): Promise<void> {
    const path = this.#site.path(credential);
    await Deno.writeTextFile(path, text, { mode: 0o600 });
    const name = `${credential}-of-${this.#place.namespace}`;
    await this.#host.podman("secret", "create", name, path);
    this.#secrets.push(name);
    this.#options.push(
      // Podman 4 mounts none below /run/secrets where nothing can be written to.
      `--secret=${name},target=/credentials/${credential},uid=${NOBODY},mode=0400`,
      "--env=CREDENTIALS_DIRECTORY=/credentials",
    );
  }

  #argumentsFor(agents: readonly NetworkMember[]): readonly string[] {
    const addresses = agents.map(({ address }) => address).join();
    return ["--agent-ips", addresses, "--managed-files=db.password", ...this.#signing];
  }

  #startOf(args: readonly string[], options: readonly string[]): ContainerStart {
    // It is as poor as an agent but for its memory, and in no hurry.
    const poor = POOR.filter((option) => !/^--(?:memory|cpus)/.test(option));
    return {
      image: this.#image,
      name: `keeper-${this.#place.namespace}`,
      network: this.#place.namespace,
      options: [
        ...poor,
        `--volume=${this.#site.path("vault")}:/vault:ro`,
        `--volume=${this.#volume}:/state`,
        ...options,
      ],
      args,
    };
  }
}
