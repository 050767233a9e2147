/** Podman with storage, settings and locks of its own, so that nothing else on the machine is touched. */
import { FollowedProcess, type ProcessEnd } from "./followed_process.ts";

/** How to start a container. */
export interface ContainerStart {
  /** The image, with its tag. */
  readonly image: string;
  /** Its name; the host has no other of that name. */
  readonly name: string;
  /** The named network namespace that it lives in; without one it has no network. */
  readonly network?: string;
  /** Further options of `podman run`. @default {[]} */
  readonly options?: readonly string[];
  /** Variables of its environment. @default {{}} */
  readonly variables?: Readonly<Record<string, string>>;
  /** Arguments behind its entrypoint. @default {[]} */
  readonly args?: readonly string[];
}

/** What makes a container as poor as they come: nothing to write to, no power, little of all. */
export const POOR = [
  ...["--read-only", "--read-only-tmpfs=false", "--cap-drop=all"],
  ...["--security-opt=no-new-privileges", "--memory=64m", "--cpus=0.1"],
];

const GUARD_TIMEOUT_MS = 600_000;

/** The settings of Podman: what machines without systemd and with old control groups bear. */
const ENGINE = `
[containers]
default_ulimits = ["nofile=1024:20000", "nproc=1000:1000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
`;

/** The engine and all that it holds, in one folder. */
export class ContainerHost {
  /** The folder. */
  readonly folder: string;

  /** Takes what {@linkcode ContainerHost.make} made in a folder. */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** Takes the one that the suite has made. */
  static ofSuite(): ContainerHost {
    const folder = Deno.env.get(SUITE_VARIABLE);
    if (folder === undefined) throw new Error("run this by deno task test:containers");
    return new ContainerHost(folder);
  }

  /** Makes one in a new folder. */
  static async make(): Promise<ContainerHost> {
    const folder = await Deno.makeTempDir({ prefix: "fluxvault-containers-" });
    const storage = `[storage]\ndriver = "vfs"\n` +
      `graphroot = "${folder}/images"\nrunroot = "${folder}/run"\n`;
    const network = `[network]\nnetwork_backend = "netavark"\n` +
      `network_config_dir = "${folder}/networks"\n`;
    await Deno.writeTextFile(`${folder}/storage.conf`, storage);
    await Deno.writeTextFile(
      `${folder}/containers.conf`,
      `${ENGINE}tmp_dir = "${folder}/engine"\n${network}`,
    );
    return new ContainerHost(folder);
  }

  /** Starts Podman, or another program that uses it, and lets the caller follow it. */
  follow(command: readonly string[], variables: Readonly<Record<string, string>> = {}) {
    return new FollowedProcess({
      command,
      guardTimeoutMs: GUARD_TIMEOUT_MS,
      place: {
        cwd: this.folder,
        env: {
          ...Deno.env.toObject(),
          ...variables,
          CONTAINERS_CONF: `${this.folder}/containers.conf`,
          CONTAINERS_STORAGE_CONF: `${this.folder}/storage.conf`,
          // Health is asked for by the tests and not by timers of systemd.
          DISABLE_HC_SYSTEMD: "true",
        },
      },
    });
  }

  /** Runs Podman to its end, whatever that is. */
  tryPodman(...args: readonly string[]): Promise<ProcessEnd> {
    return this.follow(["podman", ...args]).end;
  }

  /** Runs Podman; returns what it wrote, or throws what it complained of. */
  async podman(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.tryPodman(...args);
    if (code !== 0) throw new Error(`podman ${args.join(" ")} (${code}): ${stderr}`);
    return stdout.trim();
  }

  /** Starts a container; `await using` removes it, with its volumes that have no name. */
  async start(start: ContainerStart): Promise<Container> {
    await this.podman("run", "--detach", ...runArguments(start));
    return new Container(this, start.name);
  }

  /** Runs a container to its end; it is gone then. */
  runOnce(start: ContainerStart): Promise<ProcessEnd> {
    return this.tryPodman("run", "--rm", ...runArguments(start));
  }

  /** Removes every container, volume and image, and the folder. */
  async remove(): Promise<void> {
    await this.tryPodman("rm", "--all", "--force", "--time=0", "--volumes");
    await this.tryPodman("volume", "rm", "--all", "--force");
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** The variable by which the suite tells its tests where the host is. */
export const SUITE_VARIABLE = "CONTAINER_HOST_FOLDER";

function runArguments(start: ContainerStart): string[] {
  const { image, name, network, options = [], variables = {}, args = [] } = start;
  return [
    `--name=${name}`,
    network === undefined ? "--network=none" : `--network=ns:/run/netns/${network}`,
    ...options,
    ...Object.entries(variables).map(([variable, value]) => `--env=${variable}=${value}`),
    image,
    ...args,
  ];
}

/** A container; `await using` removes it. */
export class Container implements AsyncDisposable {
  /** Its name. */
  readonly name: string;
  readonly #host: ContainerHost;

  /** Takes one that is there. */
  constructor(host: ContainerHost, name: string) {
    this.#host = host;
    this.name = name;
  }

  /** Does something with it: `stop`, `start`, `restart`. */
  async do(...deed: readonly string[]): Promise<void> {
    await this.#host.podman(...deed, this.name);
  }

  /** Kills it, and waits until Podman knows that: what runs for all it knows it does not start. */
  async kill(): Promise<void> {
    await this.do("kill");
    await this.do("wait");
  }

  /** Returns all that it wrote. */
  async readLogs(): Promise<string> {
    const { stdout, stderr } = await this.#host.tryPodman("logs", this.name);
    return stdout + stderr;
  }

  /** Waits until something is found in what it wrote; throws where it has ended without. */
  async waitForLog<T>(find: (logs: string) => T | undefined): Promise<T> {
    await using reader = this.#host.follow(["podman", "logs", "--follow", this.name]);
    return await reader.waitFor(() => find(reader.stdout + reader.stderr));
  }

  /** Returns something of what Podman knows of it. */
  inspect(path: string): Promise<string> {
    return this.#host.podman("inspect", "--format", `{{${path}}}`, this.name);
  }

  /** Asks for its health; returns how it stands now, and the last line that was said of it. */
  async checkHealth(): Promise<{ readonly status: string; readonly says: string }> {
    await this.#host.tryPodman("healthcheck", "run", this.name);
    const { Status: status, Log: log } = JSON.parse(await this.inspect("json .State.Health"));
    return { status, says: log.at(-1).Output.trim().split("\n").at(-1) };
  }

  /** Returns the path by which this machine sees a path in it, while it runs. */
  async pathOf(path: string): Promise<string> {
    return `/proc/${await this.inspect(".State.Pid")}/root${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#host.podman("rm", "--force", "--time=0", "--volumes", this.name);
  }
}
