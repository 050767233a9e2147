/**
 * What of the agent program is served over HTTP: the files, to the other containers of its app.
 *
 * Loaded only where it is asked for.
 *
 * @module
 */
import { type ConfigError, findPathFault } from "../../protocol/mod.ts";
import { createNodeHasher, errnoOf, formatAddress, settingError } from "../../protocol/host/mod.ts";
import { type DiskSecretStore, openDiskRoots } from "../disk/mod.ts";
import type { AgentSessionReport } from "../delivery/session_report.ts";
import { parseIpAddress } from "../door/ip_address.ts";
import {
  type DnsServer,
  FileServer,
  HttpServer,
  namesFrom,
  Neighbours,
  ServedFiles,
  ServedManifests,
  ServerKey,
  systemServer,
} from "../http/mod.ts";
import type { RestoredState } from "../trust/mod.ts";
import type { ServeContext, ServeSettings } from "./serve_context.ts";

/** What is served from. */
export interface ServedHttpParts {
  /** Where the files are. */
  readonly store: Pick<DiskSecretStore, "held">;
  /** The real path of the working folder. */
  readonly workingFolder: string;
  /** The real path of the folder of state, or `null`. */
  readonly stateFolder: string | null;
  /** The app of the agent, or `null` where it is not known. */
  readonly app: string | null;
}

const DNS_PORT = 53;

type Settings = NonNullable<ServeSettings["http"]>;

/** What is served over HTTP; serves until disposed. */
export class ServedHttp implements AsyncDisposable {
  readonly #manifests: ServedManifests;
  readonly #fileServer: FileServer;
  readonly #server: HttpServer;

  private constructor(
    manifests: ServedManifests,
    served: { readonly fileServer: FileServer; readonly server: HttpServer },
  ) {
    this.#manifests = manifests;
    this.#fileServer = served.fileServer;
    this.#server = served.server;
  }

  /**
   * Opens the port.
   *
   * @throws {ConfigError} where it cannot be had, or a setting is of no use.
   */
  static async open(
    context: ServeContext,
    { store, workingFolder, stateFolder, app }: ServedHttpParts,
    settings: Settings,
  ): Promise<ServedHttp> {
    const { logger } = context;
    const keyPath = readKeyPath(context, settings);
    const names = namesFrom(readDns(context, settings) ?? await systemServer());
    const { allowAbsolute: absoluteFolders } = context.settings;
    const disk = await openDiskRoots({ workingFolder, stateFolder, absoluteFolders });
    if (app === null && keyPath === null) {
      logger.warn(
        "the file server serves this container alone: the app is not known, so no other can be told " +
          "to be of it; start the agent with --app-name, or with --fileserver-key",
      );
    }
    const manifests = new ServedManifests(() => store.held);
    const files = new ServedFiles(disk, createNodeHasher);
    const key = keyPath === null ? null : new ServerKey({
      path: keyPath,
      find: (path) => manifests.find(path),
      read: (entries) => files.find(entries),
    });
    const neighbours = new Neighbours({ app, names });
    const fileServer = new FileServer({ manifests, files, neighbours, key, logger });
    const server = new HttpServer(listen(context, settings), {
      handle: (head, address) => fileServer.handle(head, address),
      logger,
    });
    return new ServedHttp(manifests, { fileServer, server });
  }

  /** Says on standard output where files are served. */
  async announce({ settings, stdout }: ServeContext): Promise<void> {
    const { hostname: address, port } = this.#server.address;
    const line = settings.json
      ? JSON.stringify({ event: "file-server", address, port })
      : `serves at     http://${formatAddress(address, port)}/files/`;
    await stdout.write(`${line}\n`);
  }

  /** Takes how a session ended. */
  noteReport(report: AgentSessionReport): void {
    this.#manifests.noteReport(report);
  }

  /** Takes what the agent vouches for after a restart. */
  noteRestored(state: RestoredState): void {
    this.#manifests.noteRestored(state);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    this.#fileServer.flush();
  }
}

function listen(
  context: ServeContext,
  { fileserverAddress: hostname, fileserverPort: port }: Settings,
): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (cause) {
    throw listenError(context, { cause, address: formatAddress(hostname, port) });
  }
}

function listenError(
  { resolved }: ServeContext,
  { cause, address }: { readonly cause: unknown; readonly address: string },
): ConfigError {
  const errno = errnoOf(cause);
  const isPort = errno === "EADDRINUSE" || errno === "EACCES";
  return settingError(resolved, {
    name: isPort ? "fileserver-port" : "fileserver-address",
    problem: `names ${address}, where the file server cannot listen` +
      (errno === undefined ? "" : ` (${errno})`),
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

function readDns({ resolved }: ServeContext, { fileserverDns }: Settings): DnsServer | null {
  if (fileserverDns === undefined) return null;
  if (parseIpAddress(fileserverDns) !== null) return { ipAddr: fileserverDns, port: DNS_PORT };
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([\d.]+)):(\d{1,5})$/.exec(fileserverDns) ?? [];
  const ipAddr = bracketed ?? plain ?? "";
  if (parseIpAddress(ipAddr) !== null && Number(port) <= 65_535) {
    return { ipAddr, port: Number(port) };
  }
  throw settingError(resolved, {
    name: "fileserver-dns",
    problem: "is no address of a DNS server",
    hint: "Give an IP address, with a port where it is not 53: 127.0.0.11, [::1]:5353.",
  });
}
