/**
 * From the text of a loadout to what each app of it declares.
 *
 * @module
 */
import { isAppName } from "../../protocol/mod.ts";
import { appKey } from "../app_name.ts";
import { type AppLoadout, resolveApp, type ResolveVault } from "./app_loadout.ts";
import { Mapping } from "./mapping.ts";
import { type LoadoutProblem, Problems, problemsError, quoted } from "./problems.ts";
import { checkVersion, readApp, type WrittenApp } from "./written_app.ts";
import { parseTree, type YamlNode } from "./yaml_tree.ts";
import { refuseSecrets } from "./misplaced_secrets.ts";

/** The keys of a loadout for many apps. */
export const LOADOUT_KEYS = ["version", "apps"] as const;

const BELOW_APPS = "Put it below apps: and the name of the app.";
const FORM = {
  what: "a loadout",
  keys: LOADOUT_KEYS,
  isFile: true,
  advice: {
    app_config: { hint: "Write version: 1, then apps:, and below it the name of the app." },
    groups: { hint: BELOW_APPS },
    components: { hint: BELOW_APPS },
    vault: { hint: BELOW_APPS },
    app: { meant: "apps", hint: "Write apps:, and below it the name of each." },
  },
};

/** What a text is read as. */
export interface LoadoutTextOptions {
  /** What the file is called in places, mostly its path. */
  readonly file: string;
  /** The name of the app, where the text is the file of one app; `null` where it is for many. */
  readonly app: string | null;
  /** Finds the folder of an app's sources. */
  readonly resolveVault: ResolveVault;
}

/** What one text declares. */
export interface ParsedLoadout {
  /** Its apps, in their order; at least one where there are no problems. */
  readonly apps: readonly AppLoadout[];
  /** What is wrong; the apps cannot be used then. */
  readonly problems: readonly LoadoutProblem[];
  /** What is probably not meant. */
  readonly warnings: readonly LoadoutProblem[];
}

/** Reads a text and gathers all that is wrong with it; never throws because of the text. */
export function readLoadoutText(text: string, options: LoadoutTextOptions): ParsedLoadout {
  const problems = new Problems();
  const { file, app, resolveVault } = options;
  const tree = parseTree(text, { file, problems });
  // Of a text that holds a secret nothing else is told.
  const written = tree === null || !refuseSecrets(tree, problems)
    ? []
    : app === null
    ? readMany(tree, problems)
    : readOwn(tree, { app, file, problems });
  const apps = written.map((one) => resolveApp(one, { resolveVault, problems }));
  return { apps, problems: problems.errors(), warnings: problems.warnings() };
}

/**
 * Parses the text of a loadout.
 *
 * @throws {ConfigErrors} with every mistake, each with its place and what to write instead.
 *
 * @example
 * ```ts
 * import { parseLoadout } from "@fluxvault/fluxvault/keeper";
 *
 * const text = `
 * version: 1
 * apps:
 *   vaultdemo:
 *     groups:
 *       all: { state_directives: [{ source: motd }] }
 *     components:
 *       web: { state_directives: [{ source: key.pem, target: /etc/tls/ }] }
 * `;
 * const { apps: [app] } = parseLoadout(text, {
 *   file: "loadout.yaml",
 *   app: null,
 *   resolveVault: (name) => `/vault/${name}`,
 * });
 * const targets = app?.declarationsOf("web").map(({ target }) => target);
 * console.assert(targets?.join() === "motd,/etc/tls/key.pem");
 * ```
 */
export function parseLoadout(text: string, options: LoadoutTextOptions): ParsedLoadout {
  const parsed = readLoadoutText(text, options);
  if (parsed.problems.length > 0) throw problemsError(parsed.problems);
  return parsed;
}

function readOwn(
  tree: YamlNode,
  { app, file, problems }: {
    readonly app: string;
    readonly file: string;
    readonly problems: Problems;
  },
): WrittenApp[] {
  const place = { text: `${file}:1:1`, order: 0 };
  if (!isAppName(app)) {
    const problem = `the folder of the file is called ${quoted(app)}, and no app can be`;
    problems.add(place, problem, APP_NAME_HINT);
  }
  const written = readApp(tree, { heading: { name: app, place, isOwnFile: true }, problems });
  return written === null ? [] : [written];
}

const APP_NAME_HINT = "Use letters, digits and inner hyphens, at most 63 of them.";

function readMany(tree: YamlNode, problems: Problems): WrittenApp[] {
  const mapping = Mapping.read(tree, { form: FORM, problems });
  if (mapping === null) return [];
  checkVersion(mapping);
  const apps = mapping.value("apps");
  if (apps?.kind !== "mapping" || apps.members.length === 0) {
    const hint = "Write the name of an app below apps:. The file of one app is called " +
      "fluxvault.yaml and lies in the folder of the app.";
    if (!mapping.has("apps")) mapping.miss("apps", hint);
    else if (apps !== undefined) {
      mapping.refuse("apps", "has to be a mapping of names to apps", hint);
    }
    return [];
  }
  const written: WrittenApp[] = [];
  const names = new Map<string, string>();
  for (const { key: name, keyPlace: place, value } of apps.members) {
    if (!isAppName(name)) {
      problems.add(place, `an app cannot be called ${quoted(name)}`, APP_NAME_HINT);
    }
    const other = names.get(appKey(name));
    if (other !== undefined) {
      const problem =
        `the app ${quoted(name)} stands twice, first at ${other}: case does not tell ` +
        "apps apart";
      problems.add(place, problem, "Write them as one.");
    }
    names.set(appKey(name), place.text);
    const app = readApp(value, { heading: { name, place, isOwnFile: false }, problems });
    if (app !== null) written.push(app);
  }
  return written;
}
