/**
 * What `--require` says: which level of trust an agent needs to be given which file.
 *
 * @module
 */
import { ConfigError } from "../../protocol/mod.ts";
import type { TrustGround } from "../trust/mod.ts";
import type { Declaration } from "./declaration.ts";

const GROUNDS: readonly string[] = ["first-use", "approved", "enrolled"] satisfies TrustGround[];
const FORM = "Write LEVEL for all files or LOCAL=LEVEL for one; LEVEL is first-use, approved or " +
  "enrolled.";

function refusal(item: string, problem: string, hint: string = FORM): ConfigError {
  return new ConfigError(`--require: ${JSON.stringify(item)} ${problem}`, {
    setting: "--require",
    hint,
  });
}

/** An item, taken apart; `local` is `null` for all files. */
interface Requirement {
  readonly item: string;
  readonly local: string | null;
  readonly level: TrustGround;
}

function readItem(item: string): Requirement {
  const equals = item.lastIndexOf("=");
  const level = item.slice(equals + 1);
  if (!GROUNDS.includes(level)) throw refusal(item, "names no level of trust");
  const local = equals < 0 ? null : item.slice(0, equals).replace(/^\.\/|\/$/g, "");
  return { item, local, level: level as TrustGround };
}

/**
 * Reads the items of `--require`, each `LEVEL` or `LOCAL=LEVEL`, and says of each managed file what it
 * asks for. What is said of one file goes before what is said of all.
 *
 * @throws {ConfigError} that names the item that cannot be used, names a file that is not managed, or
 * contradicts another.
 *
 * @example
 * ```ts
 * import { parseManagedFiles, requireLevels } from "@fluxvault/fluxvault/keeper";
 *
 * const files = parseManagedFiles(["db.password", "motd"]);
 * const [password, motd] = requireLevels(["first-use", "db.password=enrolled"], files);
 * console.assert(password?.requires === "enrolled" && motd?.requires === "first-use");
 * ```
 */
export function requireLevels(
  items: readonly string[],
  files: readonly Declaration[],
): Declaration[] {
  const managed = new Set(files.map(({ source }) => source));
  const levels = new Map<string | null, TrustGround>();
  for (const { item, local, level } of items.map(readItem)) {
    if (local !== null && !managed.has(local)) {
      throw refusal(item, "names a file that is not managed", hintFor(local, managed));
    }
    const other = levels.get(local);
    if (other !== undefined && other !== level) throw refusal(item, "contradicts another item");
    levels.set(local, level);
  }
  return files.map((file) => {
    const requires = levels.get(file.source) ?? levels.get(null);
    return requires === undefined ? file : { ...file, requires };
  });
}

function hintFor(local: string, managed: ReadonlySet<string>): string {
  const names = [...managed];
  const close = names.find((name) => name.toLowerCase() === local.toLowerCase());
  if (close !== undefined) return `Did you mean ${close}?`;
  const folder = names.find((name) => local.startsWith(`${name}/`));
  if (folder !== undefined) return `Name it in --managed-files, too, beside its folder ${folder}.`;
  const isRemote = local.startsWith("/") || local.includes(":");
  return isRemote
    ? "Name the file as it is in the vault, without where it goes."
    : "Name a file of --managed-files as it is in the vault.";
}
