/**
 * The highest version that was seen of each plugin, so that an older one does not come back.
 *
 * @module
 */
import { comparePluginVersions } from "../../protocol/mod.ts";
import { MAX_REMEMBERED_PLUGINS } from "../limits.ts";
import type { PluginVersion } from "./plugin_record.ts";
import { PluginRefusal } from "./plugin_refusal.ts";

/**
 * Checks that a version is no older than the highest one of its name, and not another one by the same
 * number.
 *
 * @throws {PluginRefusal} `downgrade`; `too-many` where so many names are known that a new one could not
 * be remembered: an older version of it would not be noticed.
 */
export function checkVersion(
  { name, version, digest }: PluginVersion,
  highest: readonly PluginVersion[],
): void {
  const known = highest.find((one) => one.name === name);
  if (known === undefined) {
    if (highest.length < MAX_REMEMBERED_PLUGINS) return;
    throw new PluginRefusal("too-many", "no more names of plugins can be remembered");
  }
  const order = comparePluginVersions(version, known.version);
  if (order < 0) {
    throw new PluginRefusal("downgrade", `version ${known.version} of it was here before`);
  }
  if (order > 0 || digest === known.digest) return;
  throw new PluginRefusal("downgrade", "another one with the same version was here before");
}

/** Returns what is remembered once a version is here. */
export function raiseVersion(
  { name, version, digest }: PluginVersion,
  highest: readonly PluginVersion[],
): PluginVersion[] {
  return [...highest.filter((one) => one.name !== name), { name, version, digest }];
}
