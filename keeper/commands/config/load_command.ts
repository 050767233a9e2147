/**
 * `fluxvault-keeper config check`, `load`, `unload` and `list`: is a loadout good, and which one is
 * meant where none is named.
 *
 * @module
 */
import { resolve } from "node:path";
import { ConfigError } from "../../../protocol/mod.ts";
import { EXIT_DONE } from "../../../protocol/host/mod.ts";
import {
  checkSources,
  type Loadout,
  openLoadout,
  problemsError,
  RememberedLoadout,
} from "../../loadout/mod.ts";
import { openStateFolder } from "../opened_state_folder.ts";
import { requireLoadout, tellWarnings } from "../selected_loadout.ts";
import { type ConfigContext, readOperand, writeApps } from "./app_record.ts";

/** Checks a loadout and changes nothing. */
export async function check(context: ConfigContext): Promise<number> {
  const { settings, stdout } = context;
  const path = readOperand(context) ?? await requireLoadout(context);
  const loadout = await openChecked(context, path);
  if (!settings.json) await stdout.write(`${path} can be used.\n`);
  await writeApps(context, loadout);
  return EXIT_DONE;
}

/** Reads a loadout, and looks into the vault as well. */
async function openChecked({ logger }: ConfigContext, path: string): Promise<Loadout> {
  const { loadout } = await openLoadout(path);
  const checks = await Promise.all(loadout.apps.map(checkSources));
  const problems = checks.flatMap((one) => one.problems);
  tellWarnings(logger, [...loadout.warnings, ...checks.flatMap(({ warnings }) => warnings)]);
  if (problems.length > 0) throw problemsError(problems);
  return loadout;
}

/** Checks a loadout and remembers where it is. */
export async function load(context: ConfigContext): Promise<number> {
  const { settings, stdout } = context;
  const operand = readOperand(context) ?? settings.loadout;
  if (operand === undefined) {
    throw new ConfigError("no loadout is named", {
      hint: "Name a file, or the folder with one folder for each app.",
    });
  }
  const loadout = await openChecked(context, resolve(operand));
  const remembered = new RememberedLoadout(openStateFolder(context));
  const before = await remembered.load();
  await remembered.keep(loadout.path);
  if (!settings.json) {
    const instead = before === null || before === loadout.path ? "" : `, instead of ${before}`;
    await stdout.write(`loaded ${loadout.path}${instead}\n`);
  }
  await writeApps(context, loadout);
  return EXIT_DONE;
}

/** Forgets where the loadout is; the loadout itself stays. */
export async function unload(context: ConfigContext): Promise<number> {
  const { settings, stdout } = context;
  const remembered = new RememberedLoadout(openStateFolder(context));
  const path = await remembered.load();
  await remembered.forget();
  await stdout.write(
    settings.json
      ? `${JSON.stringify({ unloaded: path })}\n`
      : path === null
      ? "No loadout was remembered.\n"
      : `unloaded ${path}\n`,
  );
  return EXIT_DONE;
}

/** Lists what is remembered, with its apps. */
export async function list(context: ConfigContext): Promise<number> {
  const { settings, stdout, logger } = context;
  const remembered = new RememberedLoadout(openStateFolder(context));
  const path = settings.loadout ?? await remembered.load();
  if (path === null) {
    if (!settings.json) await stdout.write(`No loadout is remembered in ${remembered.path}.\n`);
    return EXIT_DONE;
  }
  if (!settings.json) await stdout.write(`${path}\n`);
  const { loadout } = await openLoadout(path);
  tellWarnings(logger, loadout.warnings);
  await writeApps(context, loadout);
  return EXIT_DONE;
}
