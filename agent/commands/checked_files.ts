/**
 * The check of what the operator says of files.
 *
 * Loaded only where something is said.
 *
 * @module
 */
import { findPathFault } from "../../protocol/mod.ts";
import { isAbsolute, settingError } from "../../protocol/host/mod.ts";
import { isInside } from "../state_folder.ts";
import type { ServeContext } from "./serve_context.ts";

/**
 * Checks the files to ask for, and the folders of absolute paths.
 *
 * @throws {ConfigError} for a path that cannot be used.
 */
export function checkFiles(
  { resolved, settings }: Pick<ServeContext, "resolved" | "settings">,
): void {
  for (const path of settings.files) {
    const fault = findPathFault(path);
    if (fault === null) continue;
    throw settingError(resolved, {
      name: "files",
      problem: `has a path that ${fault}`,
      hint: "Write paths relative to the working folder, with / between folders.",
    });
  }
  const outside = settings.files.find((path) => {
    return isAbsolute(path) && !settings.allowAbsolute.some((folder) => isInside(path, folder));
  });
  if (outside !== undefined) {
    throw settingError(resolved, {
      name: "files",
      problem: `has ${JSON.stringify(outside)}, which is below no folder of --allow-absolute`,
      hint: "Name the folder there, or write a path relative to the working folder.",
    });
  }
  const isRelative = settings.allowAbsolute.find((folder) => !isAbsolute(folder));
  if (isRelative === undefined) return;
  throw settingError(resolved, {
    name: "allow-absolute",
    problem: `has ${JSON.stringify(isRelative)}, which is no absolute path`,
    hint: "Relative paths are below --working-dir anyway.",
  });
}
