/**
 * What `--managed-files` says: which files and folders of the vault go where.
 *
 * @module
 */
import { ConfigError, findPathFault } from "../../protocol/mod.ts";
import type { Declaration } from "./declaration.ts";

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

function withoutSlash(path: string): string {
  return path.endsWith("/") ? path.slice(0, -1) : path;
}

function readItem(item: string): Declaration {
  if (/^[A-Za-z]:\\/.test(item)) {
    throw refusal(item, "starts with a drive letter", `${FORM} Use / between folders.`);
  }
  if (item.includes(",")) throw refusal(item, "holds a comma", NO_COLONS);
  const parts = item.split(":");
  if (parts.length > 2) throw refusal(item, "holds more than one colon", NO_COLONS);
  const [localText = "", remoteText] = parts;
  if (localText.startsWith("/")) {
    throw refusal(item, "has an absolute local path", "Name it relative to the vault folder.");
  }
  const source = withoutSlash(withoutDot(localText));
  const localFault = findPathFault(source);
  if (localFault !== null) throw refusal(item, `has a local path that ${localFault}`);
  const remote = remoteText === undefined ? source : withoutDot(remoteText);
  const name = source.slice(source.lastIndexOf("/") + 1);
  const target = remoteText === "./" ? name : remote.endsWith("/") ? remote + name : remote;
  const remoteFault = findPathFault(target);
  if (remoteFault !== null) throw refusal(item, `has a remote path that ${remoteFault}`);
  return { source, target, strategy: "STRICT", symlinks: "refuse", origin: "--managed-files" };
}

/**
 * Reads the items of `--managed-files`, each `local` or `local:remote`: a file, or a folder with all
 * that is below it.
 *
 * A remote path that ends in `/` keeps the name of the file or folder. There is no escaping. An agent
 * ends up with a folder that is exactly the vault's.
 *
 * @throws {ConfigError} that names the item at fault, or both where two have the same target.
 *
 * @example
 * ```ts
 * import { parseManagedFiles } from "@fluxvault/fluxvault/keeper";
 *
 * const [plain, moved] = parseManagedFiles(["db.password", "tls/key.pem:/etc/tls/"]);
 * console.assert(plain?.target === "db.password");
 * console.assert(moved?.target === "/etc/tls/key.pem");
 * ```
 */
export function parseManagedFiles(items: readonly string[]): Declaration[] {
  const itemOf = new Map<string, string>();
  return items.map((item) => {
    const declaration = readItem(item);
    const { target } = declaration;
    const other = itemOf.get(target);
    if (other !== undefined) {
      const problem = `goes to ${JSON.stringify(target)}, and so does ${JSON.stringify(other)}`;
      throw refusal(item, problem, "Give one of them another target.");
    }
    itemOf.set(target, item);
    return declaration;
  });
}
