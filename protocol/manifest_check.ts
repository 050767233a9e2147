/**
 * What the lines of a manifest must be to each other (spec, section 8).
 *
 * @module
 */
import { MAX_CERTIFICATES, MAX_HOOKS, MAX_SERVICES } from "./limits.ts";
import type { FolderEntry, Manifest, ManifestEntry } from "./manifest_entry.ts";
import { isCertificateName } from "./issued_line.ts";
import { isHookName, manifestError } from "./manifest_line.ts";
import { exceedsPlaces } from "./manifest_places.ts";
import { findPathFault } from "./secret_path.ts";
import { findServiceFault } from "./service_line.ts";

/**
 * Refuses a list in which a path stands twice or has something other than a folder above it.
 *
 * @param entries In the order of their paths: what is above a path is a beginning of it, and so is all
 * that stands between both.
 */
function checkEntries(entries: readonly ManifestEntry[]): void {
  const beginnings: ManifestEntry[] = [];
  for (const entry of entries) {
    const { path } = entry;
    const fault = findPathFault(path);
    if (fault !== null) throw manifestError(`a path ${fault}`);
    while (!path.startsWith(beginnings.at(-1)?.path ?? "")) beginnings.pop();
    if (beginnings.at(-1)?.path === path) throw manifestError("a path stands twice");
    for (const above of beginnings) {
      if (path[above.path.length] === "/") checkAbove(above, entry);
    }
    beginnings.push(entry);
  }
}

function checkAbove(above: ManifestEntry, entry: ManifestEntry): void {
  const isFile = above.kind === "file" || above.kind === "issued";
  if (isFile) throw manifestError("a file is the folder of another");
  if (above.kind === "keep") throw manifestError("something is declared below what is kept");
  if (isTogether(above) && isTogether(entry)) {
    throw manifestError("a set that is exchanged at once is in another");
  }
}

function isTogether(entry: ManifestEntry): entry is FolderEntry {
  return entry.kind === "folder" && entry.together === true;
}

function checkHooks({ entries, hooks }: Manifest): void {
  if (hooks.length > MAX_HOOKS) throw manifestError("it has too many hooks");
  const names = new Set<string>();
  for (const { name, action } of hooks) {
    if (!isHookName(name)) throw manifestError("a hook has no proper name");
    if (names.has(name)) throw manifestError("a hook stands twice");
    names.add(name);
    const path = action.kind === "touch"
      ? action.path
      : action.kind === "signal"
      ? action.pidFile
      : null;
    const fault = path === null ? null : findPathFault(path);
    if (fault !== null) throw manifestError(`the path of a hook ${fault}`);
  }
  for (const entry of entries) {
    if (entry.kind === "keep" || entry.hook === undefined) continue;
    if (!names.has(entry.hook)) throw manifestError("an entry names a hook that is not there");
  }
}

function checkCertificates({ entries, certificates = [] }: Manifest): void {
  if (certificates.length > MAX_CERTIFICATES) {
    throw manifestError("it has too many certificates");
  }
  const names = new Set<string>();
  for (const { name } of certificates) {
    if (!isCertificateName(name)) throw manifestError("a certificate has no proper name");
    if (names.has(name)) throw manifestError("a certificate stands twice");
    names.add(name);
  }
  for (const entry of entries) {
    if (entry.kind !== "issued" || names.has(entry.certificate)) continue;
    throw manifestError("an entry names a certificate that is not there");
  }
}

function checkServices({ services = [] }: Manifest): void {
  if (services.length > MAX_SERVICES) throw manifestError("it has too many services");
  const names = new Set<string>();
  for (const service of services) {
    const { name, folder, fileVariables, watches } = service;
    if (names.has(name)) throw manifestError("a service stands twice");
    names.add(name);
    const problem = findServiceFault(service);
    if (problem !== null) throw manifestError(`a service ${problem}`);
    const paths = [...folder === null ? [] : [folder], ...fileVariables.values(), ...watches];
    for (const path of paths) {
      const fault = findPathFault(path);
      if (fault !== null) throw manifestError(`the path of a service ${fault}`);
    }
  }
}

/**
 * Refuses a manifest of which an agent could do only a part, or whose lines contradict each other.
 *
 * @param manifest Its entries in the order of their paths.
 * @throws {ProtocolError} `manifest-malformed`, `manifest-too-large`.
 */
export function checkManifest(manifest: Manifest): void {
  checkEntries(manifest.entries);
  if (exceedsPlaces(manifest.entries)) {
    throw manifestError("its paths lead to too many places", "manifest-too-large");
  }
  checkHooks(manifest);
  checkCertificates(manifest);
  checkServices(manifest);
  const { entries, hooks, certificates = [], services = [], isWipe } = manifest;
  const count = entries.length + hooks.length + certificates.length + services.length;
  if (isWipe && count > 0) {
    throw manifestError("it removes all and declares something");
  }
}
