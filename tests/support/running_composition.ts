/** A composition of the pages, in a network that nothing leads out of. */
import { fileURLToPath } from "node:url";
import { assertEquals } from "./assert.ts";
import { NOBODY } from "./contained_keeper.ts";
import { Container, type ContainerHost } from "./container_host.ts";
import { type Carrier, imageName } from "./container_images.ts";
import { ContainerNetwork } from "./container_network.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary_folder.ts";

/** What a composition is started with. */
export interface CompositionStart {
  /** Its file in `dist/container/`. */
  readonly file: string;
  /** What its images carry. */
  readonly carrier: Carrier;
  /** The files that it mounts, by their paths: the first folder is the volume, `vault/db.password`. */
  readonly files: Readonly<Record<string, string>>;
  /** Further variables. @default {{}} */
  readonly variables?: Readonly<Record<string, string>>;
  /** The services that are started at first. @default all */
  readonly services?: readonly string[];
}

/** The composition; `await using` takes it down, with its volumes. */
export class RunningComposition implements AsyncDisposable {
  readonly #host: ContainerHost;
  readonly #start: CompositionStart;
  readonly #folder: TemporaryFolder;
  readonly #network: ContainerNetwork<never>;

  private constructor(
    host: ContainerHost,
    start: CompositionStart,
    place: { readonly folder: TemporaryFolder; readonly network: ContainerNetwork<never> },
  ) {
    this.#host = host;
    this.#start = start;
    this.#folder = place.folder;
    this.#network = place.network;
  }

  /** Starts its containers. */
  static async up(host: ContainerHost, start: CompositionStart): Promise<RunningComposition> {
    const folder = await temporaryFolder();
    // The engine makes its networks in a namespace of their own.
    const network = await ContainerNetwork.open<never>();
    const composition = new RunningComposition(host, start, { folder, network });
    for (const [path, text] of Object.entries(start.files)) await composition.write(path, text);
    try {
      await composition.#compose("up", "--detach", ...start.services ?? []);
      return composition;
    } catch (error) {
      await composition[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts the containers that were not started at first. */
  async startRest(): Promise<void> {
    await this.#compose("up", "--detach", "--no-recreate");
  }

  /** Writes a file that it mounts, as its user's own. */
  async write(path: string, text: string): Promise<void> {
    const parts = path.split("/");
    for (let end = 1; end < parts.length; end++) {
      const folder = `${this.#folder.path}/${parts.slice(0, end).join("/")}`;
      await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
      await Deno.chown(folder, NOBODY, NOBODY);
    }
    const file = `${this.#folder.path}/${path}`;
    await Deno.writeTextFile(file, text, { mode: 0o600 });
    await Deno.chown(file, NOBODY, NOBODY);
  }

  /** Returns one of its containers, by the name of its service, or by a name of its own. */
  container(name: string): Container {
    return new Container(this.#host, name.includes("_") ? name : `page_${name}_1`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#compose("down", "--volumes");
    } finally {
      await this.#network[Symbol.asyncDispose]();
      await this.#folder[Symbol.asyncDispose]();
    }
  }

  async #compose(...args: string[]): Promise<void> {
    const { file, carrier, variables = {} } = this.#start;
    const path = fileURLToPath(new URL(`../../dist/container/${file}`, import.meta.url));
    const image = (target: string) => imageName({ target, base: "scratch", carrier });
    const program = `${this.#host.folder}/venv/bin/podman-compose`;
    const start = [...this.#network.starter, program, "--file", path, "--project-name", "page"];
    const { code, stdout, stderr } = await this.#host.follow([...start, ...args], {
      VAULT: `${this.#folder.path}/vault`,
      CREDENTIALS: `${this.#folder.path}/credentials`,
      AGENT_IMAGE: image("agent"),
      KEEPER_IMAGE: image("keeper"),
      APPLICATION_IMAGE: "localhost/alpine",
      ...variables,
    }).end;
    assertEquals(code, 0, stdout + stderr);
  }
}
