/**
 * What `--managed-files` says: which files of the vault go where.
 *
 * @module
 */
import { ConfigError, findPathFault } from "../../protocol/mod.ts";
import type { TrustGround } from "../trust/mod.ts";

/** A file of the vault and where an agent is to hold it. */
export interface ManagedFile {
  /** Where it is: relative to the vault folder, segments joined by `/`. */
  readonly local: string;
  /** Where it goes: relative to the agent's working folder, or absolute. */
  readonly remote: string;
  /** The level of trust that an agent needs to be given it; any where there is none. */
  readonly requires?: TrustGround;
}

const FORM = "Write LOCAL or LOCAL:REMOTE, LOCAL relative to the vault folder.";
const NO_COLONS = "A name with : or , cannot be written here; rename the file.";

function refusal(item: string, problem: string, hint: string = FORM): ConfigError {
  return new ConfigError(`--managed-files: ${JSON.stringify(item)} ${problem}`, {
    setting: "--managed-files",
    hint,
  });
}

function withoutDot(path: string): string {
  return path.startsWith("./") ? path.slice(2) : path;
}

function readItem(item: string): ManagedFile {
  if (/^[A-Za-z]:\\/.test(item)) {
    throw refusal(item, "starts with a drive letter", `${FORM} Use / between folders.`);
  }
  if (item.includes(",")) throw refusal(item, "holds a comma", NO_COLONS);
  const parts = item.split(":");
  if (parts.length > 2) throw refusal(item, "holds more than one colon", NO_COLONS);
  const [localText = "", remoteText] = parts;
  const local = withoutDot(localText);
  if (local.startsWith("/")) {
    throw refusal(item, "has an absolute local path", "Name it relative to the vault folder.");
  }
  if (local.endsWith("/")) {
    throw refusal(item, "names a folder of the vault", "Name each of its files.");
  }
  const localFault = findPathFault(local);
  if (localFault !== null) throw refusal(item, `has a local path that ${localFault}`);
  const remote = withoutDot(remoteText ?? local);
  const name = local.slice(local.lastIndexOf("/") + 1);
  const target = remoteText === "./" ? name : remote.endsWith("/") ? remote + name : remote;
  const remoteFault = findPathFault(target);
  if (remoteFault !== null) throw refusal(item, `has a remote path that ${remoteFault}`);
  return { local, remote: target };
}

/**
 * Reads the items of `--managed-files`, each `local` or `local:remote`.
 *
 * A remote path that ends in `/` keeps the name of the file. There is no escaping.
 *
 * @throws {ConfigError} that names the item at fault, or both where two have the same target.
 *
 * @example
 * ```ts
 * import { parseManagedFiles } from "@fluxvault/fluxvault/keeper";
 *
 * const [plain, moved] = parseManagedFiles(["db.password", "tls/key.pem:/etc/tls/"]);
 * console.assert(plain?.remote === "db.password");
 * console.assert(moved?.remote === "/etc/tls/key.pem");
 * ```
 */
export function parseManagedFiles(items: readonly string[]): ManagedFile[] {
  const itemOf = new Map<string, string>();
  const files = items.map((item) => {
    const file = readItem(item);
    const other = itemOf.get(file.remote);
    if (other !== undefined) {
      const problem = `goes to ${JSON.stringify(file.remote)}, and so does ${
        JSON.stringify(other)
      }`;
      throw refusal(item, problem, "Give one of them another target.");
    }
    itemOf.set(file.remote, item);
    return file;
  });
  for (const [remote, item] of itemOf) {
    for (let i = remote.indexOf("/", 1); i > 0; i = remote.indexOf("/", i + 1)) {
      const other = itemOf.get(remote.slice(0, i));
      if (other === undefined) continue;
      const problem = `needs a folder where ${JSON.stringify(other)} puts a file`;
      throw refusal(item, problem, "Give one of them another target.");
    }
  }
  return files;
}
