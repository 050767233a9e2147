/**
 * A state directive that brings a certificate, or a part of one, in the place of something of the vault.
 *
 * @module
 */
import { suggestName } from "../../protocol/host/mod.ts";
import type { CertificatePart } from "../../protocol/mod.ts";
import type { DeclaredIssue } from "../vault/application_certificate.ts";
import type { WrittenCertificate } from "./certificates.ts";
import type { Mapping } from "./mapping.ts";
import { type ReadPath, readTargetPath } from "./paths.ts";
import { quoted } from "./problems.ts";

/** The parts of a certificate. */
export const CERTIFICATE_PARTS: readonly CertificatePart[] = [
  "key",
  "certificate",
  "chain",
  "root",
];

const LEAVE_OUT = "Leave it out.";
/** What says nothing of a file that is in no vault. */
const USELESS = ["lease", "symlinks", "compress", "readers"] as const;

/** Reads what a state directive brings of a certificate, if it does; notes what contradicts that. */
export function readIssue(
  mapping: Mapping,
  certificates: ReadonlyMap<string, WrittenCertificate | null>,
): DeclaredIssue | undefined {
  const part = mapping.choice("part", CERTIFICATE_PARTS) ?? null;
  if (!mapping.has("certificate")) {
    if (mapping.has("part")) {
      const hint = "Write which certificate it is of: certificate, and its name.";
      mapping.refuse("part", "has no use without certificate", hint);
    }
    return undefined;
  }
  if (mapping.has("source")) {
    const hint =
      "Leave one of them out: a certificate is made by agent and keeper, not in a vault.";
    mapping.refuse("certificate", "stands beside source", hint);
  }
  checkKeys(mapping, part);
  const certificate = readName(mapping, certificates);
  return certificate === undefined ? undefined : { certificate, part };
}

/** Notes keys that say nothing here. */
function checkKeys(mapping: Mapping, part: CertificatePart | null): void {
  for (const key of USELESS) {
    if (mapping.has(key)) mapping.refuse(key, "has no use beside certificate", LEAVE_OUT);
  }
  const strategy = mapping.value("strategy");
  if (strategy?.kind === "text" && strategy.text === "ENSURE_CREATED") {
    const problem = "is ENSURE_CREATED, and a certificate has to be renewed";
    mapping.refuse("strategy", problem, LEAVE_OUT);
  }
  const ofFolders = part === null ? [] : ["folder_mode", "together"] as const;
  for (const key of ofFolders) {
    if (!mapping.has(key)) continue;
    const hint = "Leave out part to get the folder with key.pem, chain.pem and root.pem.";
    mapping.refuse(key, `is for a folder, and part: ${part} is one file`, hint);
  }
  if (part === null && mapping.has("in_place")) {
    const hint = "Write one state directive for each file, with part.";
    mapping.refuse("in_place", "is for one file, and without part it is a folder", hint);
  }
}

function readName(
  mapping: Mapping,
  certificates: ReadonlyMap<string, WrittenCertificate | null>,
): string | undefined {
  const hint = "Name a certificate that is defined under certificates: of the app.";
  const name = mapping.text("certificate", hint);
  if (name === undefined || certificates.has(name)) return name;
  const good = [...certificates].filter(([, one]) => one !== null).map(([known]) => known);
  const close = suggestName(name.slice(0, 100), good);
  const problem = `names ${quoted(name)}, which is not defined under certificates: of the app`;
  return mapping.refuse("certificate", problem, close === null ? hint : `Did you mean ${close}?`);
}

/**
 * Returns where a certificate goes. Without a part it is a folder; with `/` at its end a target is the
 * folder in which the part has a name of its own.
 */
export function readIssueTarget(
  text: string | null,
  { certificate, part }: DeclaredIssue,
): ReadPath {
  if (part !== null) return readTargetPath(text ?? `${certificate}/`, `${part}.pem`);
  const folder = text ?? certificate;
  return readTargetPath(
    folder.length > 1 && folder.endsWith("/") ? folder.slice(0, -1) : folder,
    "",
  );
}
