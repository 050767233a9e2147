/**
 * How a manifest of which the keeper cannot know every file becomes one that a store can take: what
 * comes of certificates gets its contents here (spec, section 8).
 *
 * @module
 */
import { type Bytes, encodeHex } from "./bytes.ts";
import {
  type CertificateDesk,
  CertificateError,
  type CertificateErrorCode,
  type IssuedPart,
} from "./certificate_desk.ts";
import { DIGEST_BYTES, sha256Digest } from "./digest.ts";
import { StorageError } from "./errors.ts";
import type {
  CertificatePart,
  DeclaredCertificate,
  IssuedEntry,
  Manifest,
  ManifestEntry,
  StoredEntry,
  StoredManifest,
} from "./manifest_entry.ts";
import type { FileResult } from "./results.ts";
import type { SecretStore } from "./secret_store.ts";

/** What a plan says that a file will hold which nobody has made yet: nothing that is there has it. */
const NOT_MADE_YET: IssuedPart = { digest: "00".repeat(DIGEST_BYTES), size: 0 };

/** What each part of a certificate holds. */
export type IssuedParts = Readonly<Record<CertificatePart, IssuedPart>>;

/** A manifest of which every file is known. */
export interface ResolvedManifest {
  /** What the store is to hold; what cannot be had stays as it is. */
  readonly manifest: StoredManifest;
  /** The contents that were made here, by their paths. */
  readonly contents: ReadonlyMap<string, Bytes>;
  /** What cannot be had, and why. */
  readonly failed: readonly FileResult[];
}

/** What {@linkcode resolveIssued} works with. */
export interface IssuedFilesParts {
  /** Says what is in place. */
  readonly store: Pick<SecretStore, "inspect">;
  /** Has certificates issued; `null` where there is nothing that could. */
  readonly desk: CertificateDesk | null;
  /** Who declares the manifest. */
  readonly declaredBy: string | null;
  /** Calls the keeper. */
  readonly call: (input: unknown) => Promise<unknown>;
  /** Whether only to say what would be done: nothing is made or asked for. */
  readonly isPlan: boolean;
}

/** What became of one certificate. */
type Outcome =
  | {
    readonly parts: IssuedParts;
    readonly contents: Readonly<Record<CertificatePart, Bytes>> | null;
  }
  | { readonly code: CertificateErrorCode };

/**
 * Finds out what each file of a certificate holds, and has certificates issued that are not in place as
 * they were issued, or whose terms or time are over.
 *
 * @throws What ended the session.
 */
export async function resolveIssued(
  manifest: Manifest,
  parts: IssuedFilesParts,
): Promise<ResolvedManifest> {
  const files = issuedFiles(manifest);
  const outcomes = new Map<string, Outcome>();
  for (const certificate of manifest.certificates ?? []) {
    const named = files.get(certificate.name);
    if (named === undefined) continue;
    outcomes.set(certificate.name, await resolveOne(certificate, named, parts));
  }
  const contents = new Map<string, Bytes>();
  const failed: FileResult[] = [];
  const stored = storedManifest(manifest, (entry) => {
    const outcome = outcomes.get(entry.certificate);
    if (outcome === undefined) return null;
    if ("code" in outcome) {
      failed.push({ path: entry.path, outcome: "failed", code: outcome.code });
      return null;
    }
    if (outcome.contents !== null) contents.set(entry.path, outcome.contents[entry.part]);
    return outcome.parts[entry.part];
  });
  return { manifest: stored, contents, failed };
}

/**
 * Returns a manifest as a store takes it, with what is remembered of certificates: for what was put in
 * place before.
 *
 * @example
 * ```ts
 * import { type Manifest, recallIssued } from "@fluxvault/fluxvault/protocol";
 *
 * const manifest: Manifest = {
 *   certificates: [{ name: "web", key: "P-256", terms: "00".repeat(32) }],
 *   entries: [{
 *     kind: "issued",
 *     path: "tls/key.pem",
 *     certificate: "web",
 *     part: "key",
 *     mode: 0o600,
 *     strategy: "STRICT",
 *   }],
 *   hooks: [],
 *   isWipe: false,
 * };
 * const part = { digest: "ab".repeat(32), size: 241 };
 * const parts = { key: part, certificate: part, chain: part, root: part };
 * const desk = { recall: () => ({ parts, isDue: false }) };
 * const [known] = recallIssued(manifest, { desk, declaredBy: null }).entries;
 * console.assert(known?.kind === "file" && known.size === 241);
 * const [unknown] = recallIssued(manifest, { desk: null, declaredBy: null }).entries;
 * console.assert(unknown?.kind === "keep"); // What is there stays.
 * ```
 */
export function recallIssued(
  manifest: Manifest,
  { desk, declaredBy }: {
    readonly desk: Pick<CertificateDesk, "recall"> | null;
    readonly declaredBy: string | null;
  },
): StoredManifest {
  const certificates = new Map(manifest.certificates?.map((each) => [each.name, each]));
  return storedManifest(manifest, (entry) => {
    const certificate = certificates.get(entry.certificate);
    if (certificate === undefined) return null;
    return desk?.recall(certificate, declaredBy)?.parts[entry.part] ?? null;
  });
}

/** Puts a file in the place of each that is issued, or, where nothing is known of it, what is kept. */
function storedManifest(
  manifest: Manifest,
  find: (entry: IssuedEntry) => IssuedPart | null,
): StoredManifest {
  const { entries } = manifest;
  if (isStored(entries)) return { ...manifest, entries };
  return { ...manifest, entries: entries.map((entry) => storedEntry(entry, find)) };
}

function isStored(entries: readonly ManifestEntry[]): entries is readonly StoredEntry[] {
  return entries.every((entry) => issuedOf(entry) === null);
}

/** Returns the line of a file that comes of a certificate, whether it was resolved before or not. */
function issuedOf(entry: ManifestEntry): IssuedEntry | null {
  if (entry.kind === "issued") return entry;
  return entry.kind === "folder" ? null : entry.issued ?? null;
}

function storedEntry(
  entry: ManifestEntry,
  find: (entry: IssuedEntry) => IssuedPart | null,
): StoredEntry {
  const issued = issuedOf(entry);
  if (issued === null) return entry as StoredEntry;
  const { path, mode, uid, gid, strategy, inPlace, hook } = issued;
  const part = find(issued);
  if (part === null) return { kind: "keep", path, issued };
  return {
    kind: "file",
    path,
    ...part,
    mode,
    strategy,
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(inPlace === undefined ? {} : { inPlace }),
    ...(hook === undefined ? {} : { hook }),
    issued,
  };
}

/** Returns the files that come of each certificate, by its name. */
function issuedFiles({ entries }: Manifest): Map<string, IssuedEntry[]> {
  const files = new Map<string, IssuedEntry[]>();
  for (const entry of entries) {
    const issued = issuedOf(entry);
    if (issued === null) continue;
    const known = files.get(issued.certificate);
    if (known === undefined) files.set(issued.certificate, [issued]);
    else known.push(issued);
  }
  return files;
}

async function resolveOne(
  certificate: DeclaredCertificate,
  files: readonly IssuedEntry[],
  { store, desk, declaredBy, call, isPlan }: IssuedFilesParts,
): Promise<Outcome> {
  if (desk === null) return { code: "certificate-unsupported" };
  const known = desk.recall(certificate, declaredBy);
  if (known !== null && !known.isDue && await isInPlace(files, { store, parts: known.parts })) {
    return { parts: known.parts, contents: null };
  }
  if (isPlan) {
    const [key, chain, root] = [NOT_MADE_YET, NOT_MADE_YET, NOT_MADE_YET];
    return { parts: { key, certificate: NOT_MADE_YET, chain, root }, contents: null };
  }
  try {
    const contents = await desk.issue(certificate, { declaredBy, call });
    return { parts: await describeIssued(contents), contents };
  } catch (error) {
    if (error instanceof CertificateError) return { code: error.code };
    throw error;
  }
}

/** Tells whether each file is as it was issued; one that cannot be looked at is not asked for again. */
async function isInPlace(
  files: readonly IssuedEntry[],
  { store, parts }: { readonly store: Pick<SecretStore, "inspect">; readonly parts: IssuedParts },
): Promise<boolean> {
  for (const { path, part } of files) {
    try {
      const digest = await store.inspect(path);
      if (digest === null || encodeHex(digest) !== parts[part].digest) return false;
    } catch (error) {
      // The survey says what is wrong with it, and another certificate would not mend it.
      if (!(error instanceof StorageError)) throw error;
    }
  }
  return true;
}

/**
 * Returns what can be remembered of what was issued.
 *
 * @example
 * ```ts
 * import { describeIssued, encodeUtf8 } from "@fluxvault/fluxvault/protocol";
 *
 * const parts = await describeIssued({
 *   key: encodeUtf8("a private key"),
 *   certificate: encodeUtf8("a certificate"),
 *   chain: encodeUtf8("what leads to the root"),
 *   root: encodeUtf8("the root"),
 * });
 * // The key itself is not kept: its digest tells whether the file is still as it was issued.
 * console.assert(parts.key.size === 13 && /^[0-9a-f]{64}$/.test(parts.key.digest));
 * ```
 */
export async function describeIssued(
  contents: Readonly<Record<CertificatePart, Bytes>>,
): Promise<IssuedParts> {
  const partOf = async (bytes: Bytes): Promise<IssuedPart> => {
    return { digest: encodeHex(await sha256Digest(bytes)), size: bytes.length };
  };
  const [key, certificate, chain, root] = await Promise.all([
    partOf(contents.key),
    partOf(contents.certificate),
    partOf(contents.chain),
    partOf(contents.root),
  ]);
  return { key, certificate, chain, root };
}
