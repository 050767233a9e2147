/**
 * What of the agent program is served over HTTP: the files, to the other containers of its app, and how
 * the agent is.
 *
 * Loaded only where it is asked for.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import { type ConfigError, findPathFault } from "../../protocol/mod.ts";
import { createNodeHasher, errnoOf, formatAddress, settingError } from "../../protocol/host/mod.ts";
import type { FileWait } from "../application/file_wait.ts";
import { type DiskSecretStore, openDiskRoots } from "../disk/mod.ts";
import type { AgentSessionReport } from "../delivery/session_report.ts";
import {
  type AddressHandler,
  ChangeFeeds,
  FileServer,
  HealthPages,
  HttpServer,
  Neighbours,
  ServedFiles,
  ServedManifests,
  ServerKey,
} from "../http/mod.ts";
import type { AgentHealth } from "../health_socket.ts";
import type { RestoredState } from "../trust/mod.ts";
import { openContainerNames } from "./container_dns.ts";
import type { ServeContext, ServeSettings } from "./serve_context.ts";
import type { ServedComponents } from "./serve_components.ts";
import { REGISTRATIONS_PATH } from "../registrar/mod.ts";

/** What is served from. */
export interface ServedHttpParts {
  /** Where the files are. */
  readonly store: Pick<DiskSecretStore, "compare" | "held">;
  /** The real path of the working folder. */
  readonly workingFolder: string;
  /** The real path of the folder of state, or `null`. */
  readonly stateFolder: string | null;
  /** The app of the agent, or `null` where it is not known. */
  readonly app: string | null;
  /** The component of the agent, or `null` where it is not known. */
  readonly component: string | null;
  /** How the agent is. */
  readonly health: () => AgentHealth;
  /** What is there of the files that are waited for. */
  readonly present: Pick<FileWait, "missing">;
  /** What takes registrations, where the agent is a primary, and what is measured of it. */
  readonly components: Pick<ServedComponents, "figures" | "registrar">;
}

type Settings = NonNullable<ServeSettings["http"]>;

/** The settings, and where the key of the file server is. */
type KeyedSettings = Settings & { readonly keyPath: string | null };

/** What is served at a port, as it is announced. */
interface ServedPages {
  readonly event: "file-server" | "registrar" | "health-server";
  readonly path: string;
}

/** A port, and what it is for. */
interface ServedPort {
  readonly server: HttpServer;
  readonly pages: readonly ServedPages[];
}

const FILES: ServedPages = { event: "file-server", path: "/files/" };
const REGISTRATIONS: ServedPages = { event: "registrar", path: REGISTRATIONS_PATH };
const HEALTH: ServedPages = { event: "health-server", path: "/healthz" };

/** What is served over HTTP; serves until disposed. */
export class ServedHttp implements AsyncDisposable {
  readonly #manifests: ServedManifests;
  readonly #files: ServedFiles;
  readonly #feeds: ChangeFeeds;
  readonly #ports: ServedPort[] = [];
  #fileServer: FileServer | null = null;
  #pages: HealthPages | null = null;

  private constructor(
    { store, files }: Pick<ServedHttpParts, "store"> & { readonly files: ServedFiles },
    keyPath: string | null,
  ) {
    this.#feeds = new ChangeFeeds({ hiddenPath: keyPath });
    this.#manifests = new ServedManifests(() => store.held, (changes) => this.#feeds.note(changes));
    this.#files = files;
  }

  /**
   * Opens the ports.
   *
   * @throws {ConfigError} where one cannot be had, or a setting cannot be used.
   */
  static async open(
    context: ServeContext,
    parts: ServedHttpParts,
    settings: Settings,
  ): Promise<ServedHttp> {
    const { store, workingFolder, stateFolder } = parts;
    const { allowAbsolute: absoluteFolders } = context.settings;
    const disk = await openDiskRoots({ workingFolder, stateFolder, absoluteFolders });
    const files = new ServedFiles(disk, { createHasher: createNodeHasher });
    const keyPath = settings.fileserver ? readKeyPath(context, settings) : null;
    const http = new ServedHttp({ store, files }, keyPath);
    try {
      await http.#serveComponents(context, parts, { ...settings, keyPath });
      if (settings.healthPort !== undefined) http.#serveHealth(context, parts, settings);
    } catch (error) {
      await http[Symbol.asyncDispose]();
      throw error;
    }
    return http;
  }

  /** Serves what the other components ask for: at one port where both are to be at the same. */
  async #serveComponents(
    context: ServeContext,
    parts: ServedHttpParts,
    settings: KeyedSettings,
  ): Promise<void> {
    const { fileserverAddress: hostname, fileserverPort: port } = settings;
    const files = settings.fileserver ? await this.#openFiles(context, parts, settings) : null;
    const { registrar } = parts.components;
    const place = registrar?.place;
    const isShared = files !== null && place?.hostname === hostname && place.port === port;
    if (files !== null) {
      const handle = registrar !== null && isShared ? routed(registrar.handle, files) : files;
      const pages = isShared ? [FILES, REGISTRATIONS] : [FILES];
      this.#serve(context, { hostname, port, option: "fileserver" }, { handle, pages });
    }
    if (registrar !== null && !isShared) {
      const { handle, place } = registrar;
      this.#serve(context, { ...place, option: "registrar" }, { handle, pages: [REGISTRATIONS] });
    }
  }

  #serve(
    context: ServeContext,
    place: Place,
    { handle, pages }: {
      readonly handle: AddressHandler;
      readonly pages: readonly ServedPages[];
    },
  ): void {
    const { logger } = context;
    this.#ports.push({ server: new HttpServer(listen(context, place), { handle, logger }), pages });
  }

  async #openFiles(
    context: ServeContext,
    { app, component }: ServedHttpParts,
    { keyPath, ...settings }: KeyedSettings,
  ): Promise<AddressHandler> {
    const { logger } = context;
    const manifests = this.#manifests;
    const names = await openContainerNames(context, settings.fileserverDns);
    if (app === null && keyPath === null) {
      logger.warn(
        "the file server serves this container alone: the app is not known, so no other can be told " +
          "to be of it; start the agent with --app-name, or with --fileserver-key",
      );
    }
    const key = keyPath === null ? null : new ServerKey({
      path: keyPath,
      find: (path) => manifests.find(path),
      read: (entries) => this.#files.find(entries),
    });
    const neighbours = new Neighbours({ app, names });
    const server = new FileServer({
      manifests,
      files: this.#files,
      feeds: this.#feeds,
      component,
      neighbours,
      key,
      logger,
    });
    this.#fileServer = server;
    return (request, address) => server.handle(request, address);
  }

  #serveHealth(
    context: ServeContext,
    { store, health, present, components }: ServedHttpParts,
    { healthAddress: hostname, healthPort: port = 0 }: Settings,
  ): void {
    const pages = new HealthPages({
      health,
      missing: () => present.missing,
      list: () => this.#manifests.list(),
      isInPlace: async (entry) => await store.compare(entry) === "intact",
      look: (entry) => this.#files.look(entry),
      figures: () => components.figures(),
      version: config.version,
    });
    this.#pages = pages;
    const handle: AddressHandler = (request, address) => pages.handle(request, address);
    this.#serve(context, { hostname, port, option: "health" }, { handle, pages: [HEALTH] });
  }

  /** Says on standard output where what is served. */
  async announce({ settings, stdout }: ServeContext): Promise<void> {
    const all = this.#ports.flatMap(({ server, pages }) => {
      return pages.map((page) => ({ ...page, ...server.address }));
    });
    for (const { hostname: address, port, event, path } of all) {
      const line = settings.json
        ? JSON.stringify({ event, address, port })
        : `serves at     http://${formatAddress(address, port)}${path}`;
      await stdout.write(`${line}\n`);
    }
  }

  /** Takes how a session ended. */
  noteReport(report: AgentSessionReport): void {
    this.#manifests.noteReport(report);
    this.#pages?.noteReport(report);
  }

  /** Takes which files were removed because their leases were over. */
  noteExpired(paths: readonly string[]): void {
    this.#manifests.noteExpired(paths);
  }

  /** Takes what the agent vouches for after a restart. */
  noteRestored(state: RestoredState): void {
    this.#manifests.noteRestored(state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#feeds.end();
    await Promise.all(this.#ports.map(({ server }) => server[Symbol.asyncDispose]()));
    this.#fileServer?.flush();
  }
}

/** Where something is to be served, and the options that say so. */
interface Place {
  readonly hostname: string;
  readonly port: number;
  readonly option: "fileserver" | "registrar" | "health";
}

/** Gives each request to whoever answers for its path. */
function routed(registrar: AddressHandler, files: AddressHandler): AddressHandler {
  return (request, address) => {
    const [path = ""] = request.target.split("?");
    const isRegistration = path === REGISTRATIONS_PATH ||
      path.startsWith(`${REGISTRATIONS_PATH}/`);
    return isRegistration ? registrar(request, address) : files(request, address);
  };
}

function listen(context: ServeContext, place: Place): Deno.TcpListener {
  const { hostname, port } = place;
  try {
    return Deno.listen({ hostname, port });
  } catch (cause) {
    throw listenError(context, { ...place, cause });
  }
}

function listenError(
  { resolved }: ServeContext,
  { hostname, port, option, cause }: Place & { readonly cause: unknown },
): ConfigError {
  const errno = errnoOf(cause);
  const isPort = errno === "EADDRINUSE" || errno === "EACCES";
  const reason = errno === undefined ? "" : ` (${errno})`;
  return settingError(resolved, {
    name: `${option}-${isPort ? "port" : "address"}`,
    problem: `names ${formatAddress(hostname, port)}, where nothing can be served${reason}`,
    hint: isPort
      ? "Choose another port, or end the program that has this one."
      : "Give an address of this machine without brackets, or 0.0.0.0 for all of them.",
    cause,
  });
}

function readKeyPath({ resolved }: ServeContext, { fileserverKey }: Settings): string | null {
  if (fileserverKey === undefined) return null;
  const fault = findPathFault(fileserverKey);
  if (fault === null) return fileserverKey;
  throw settingError(resolved, {
    name: "fileserver-key",
    problem: `is a path that ${fault}`,
    hint: "Give the path of a file that the keeper delivers, as the keeper names it.",
  });
}
