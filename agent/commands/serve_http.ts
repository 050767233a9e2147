/**
 * What of the agent program is served over HTTP: the files, to the other containers of its app, and how
 * the agent is.
 *
 * Loaded only where it is asked for.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import {
  type ConfigError,
  type FileEntry,
  findPathFault,
  type SessionCalls,
} from "../../protocol/mod.ts";
import { createNodeHasher, errnoOf, formatAddress, settingError } from "../../protocol/host/mod.ts";
import type { FileWait } from "../application/file_wait.ts";
import { type DiskSecretStore, openDiskRoots } from "../disk/mod.ts";
import type { AgentSessionReport } from "../delivery/session_report.ts";
import {
  type AddressHandler,
  CallerCertificates,
  ChangeFeeds,
  FileServer,
  HealthPages,
  HttpServer,
  ServedFiles,
  ServedManifests,
  ServerKey,
} from "../http/mod.ts";
import { Neighbours } from "../neighbours/mod.ts";
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

/** The settings, and where the key of the file server is, and what it takes for TLS. */
type KeyedSettings = Settings & {
  readonly keyPath: string | null;
  readonly tlsFolder: string | null;
};

/** What is served at a port, as it is announced. */
interface ServedPages {
  readonly event: "file-server" | "file-server-tls" | "registrar" | "health-server";
  readonly scheme: "http" | "https";
  readonly path: string;
}

/** A port, and what it is for. */
interface ServedPort {
  readonly server: HttpServer;
  readonly pages: readonly ServedPages[];
}

const scheme = "http";
const FILES: ServedPages = { event: "file-server", scheme, path: "/files/" };
const FILES_TLS: ServedPages = { event: "file-server-tls", scheme: "https", path: "/files/" };
const REGISTRATIONS: ServedPages = { event: "registrar", scheme, path: REGISTRATIONS_PATH };
const HEALTH: ServedPages = { event: "health-server", scheme, path: "/healthz" };

/** What is served over HTTP; serves until disposed. */
export class ServedHttp implements AsyncDisposable {
  readonly #manifests: ServedManifests;
  readonly #files: ServedFiles;
  readonly #feeds: ChangeFeeds;
  readonly #ports: ServedPort[] = [];
  #fileServer: FileServer | null = null;
  #callers: CallerCertificates | null = null;
  #pages: HealthPages | null = null;

  private constructor(
    { store, files }: Pick<ServedHttpParts, "store"> & { readonly files: ServedFiles },
    hiddenPaths: readonly string[],
  ) {
    this.#feeds = new ChangeFeeds({ hiddenPaths });
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
    const keyPath = settings.fileserver ? readPath(context, settings, "fileserver-key") : null;
    const tlsFolder = readPath(context, settings, "fileserver-tls");
    const hidden = [keyPath, tlsFolder === null ? null : `${tlsFolder}/key.pem`];
    const http = new ServedHttp({ store, files }, hidden.filter((path) => path !== null));
    try {
      await http.#serveComponents(context, parts, { ...settings, keyPath, tlsFolder });
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
    const { fileserverAddress: hostname, fileserverPort: port, fileserverTlsPort } = settings;
    const isAsked = settings.fileserver || settings.tlsFolder !== null;
    const server = isAsked ? await this.#openFiles(context, parts, settings) : null;
    const files: AddressHandler | null = server === null || !settings.fileserver
      ? null
      : (request, address) => server.handle(request, address);
    if (server !== null && this.#callers !== null) {
      const place = { hostname, port: fileserverTlsPort, option: "fileserver-tls" } as const;
      this.#serveCertified(context, place, { server, callers: this.#callers });
    }
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

  #serveCertified(
    context: ServeContext,
    place: Place,
    { server, callers }: { readonly server: FileServer; readonly callers: CallerCertificates },
  ): void {
    const opened = new HttpServer(listen(context, place), {
      handle: (request, address) => server.handle(request, address),
      logger: context.logger,
      secure: async (conn, address) => {
        const caller = await callers.accept(conn, address);
        return caller && { ...caller, handle: server.answering(caller) };
      },
    });
    this.#ports.push({ server: opened, pages: [FILES_TLS] });
  }

  async #openFiles(
    context: ServeContext,
    { app, component }: ServedHttpParts,
    { keyPath, tlsFolder: folder, ...settings }: KeyedSettings,
  ): Promise<FileServer> {
    const { logger } = context;
    const manifests = this.#manifests;
    const names = await openContainerNames(context, settings.fileserverDns);
    if (settings.fileserver && app === null && keyPath === null) {
      logger.warn(
        "the file server serves this container alone: the app is not known, so no other can be told " +
          "to be of it; start the agent with --app-name, or with --fileserver-key",
      );
    }
    const find = (path: string) => manifests.find(path);
    const read = (entries: readonly FileEntry[]) => this.#files.find(entries);
    const key = keyPath === null ? null : new ServerKey({ path: keyPath, find, read });
    this.#callers = folder === null
      ? null
      : new CallerCertificates({ folder, app: requireApp(context, app), find, read, logger });
    const server = new FileServer({
      manifests,
      files: this.#files,
      feeds: this.#feeds,
      component,
      neighbours: new Neighbours({ app, names }),
      key,
      hiddenPath: this.#callers?.keyPath ?? null,
      logger,
    });
    this.#fileServer = server;
    return server;
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

  /** What keepers may call for it: they tell which certificates are revoked. */
  get calls(): SessionCalls | undefined {
    return this.#callers === null ? undefined : { actions: [this.#callers.action] };
  }

  /** Says on standard output where what is served. */
  async announce({ settings, stdout }: ServeContext): Promise<void> {
    const all = this.#ports.flatMap(({ server, pages }) => {
      return pages.map((page) => ({ ...page, ...server.address }));
    });
    for (const { hostname: address, port, event, scheme, path } of all) {
      const line = settings.json
        ? JSON.stringify({ event, address, port })
        : `serves at     ${scheme}://${formatAddress(address, port)}${path}`;
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
    this.#callers?.flush();
  }
}

/** Where something is to be served, and the options that say so. */
interface Place {
  readonly hostname: string;
  readonly port: number;
  readonly option: "fileserver" | "fileserver-tls" | "registrar" | "health";
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
    name: isPort ? `${option}-port` : `${option.replace("-tls", "")}-address`,
    problem: `names ${formatAddress(hostname, port)}, where nothing can be served${reason}`,
    hint: isPort
      ? "Choose another port, or end the program that has this one."
      : "Give an address of this machine without brackets, or 0.0.0.0 for all of them.",
    cause,
  });
}

/** Reads the path of something that the keeper delivers. */
function readPath(
  { resolved }: ServeContext,
  { fileserverKey, fileserverTls }: Settings,
  name: "fileserver-key" | "fileserver-tls",
): string | null {
  const path = name === "fileserver-key" ? fileserverKey : fileserverTls?.replace(/(?<=.)\/+$/, "");
  if (path === undefined) return null;
  const fault = findPathFault(path);
  if (fault === null) return path;
  throw settingError(resolved, {
    name,
    problem: `is a path that ${fault}`,
    hint: "Give the path of what the keeper delivers, as the keeper names it.",
  });
}

function requireApp({ resolved }: ServeContext, app: string | null): string {
  if (app !== null) return app;
  throw settingError(resolved, {
    name: "fileserver-tls",
    problem: "needs an app: certificates are for the components of one",
    hint: "Name the app with --app-name.",
  });
}
