/** Deliveries to a disk without a keeper: in the order in which an agent does what a survey found. */
import type { DiskSecretStore } from "../../agent/disk/mod.ts";
import { type Bytes, encodeHex, encodeUtf8 } from "../../protocol/bytes.ts";
import { sha256Digest } from "../../protocol/digest.ts";
import { StorageError } from "../../protocol/errors.ts";
import { encodeManifest } from "../../protocol/manifest.ts";
import type {
  FileEntry,
  FolderEntry,
  StoredEntry,
  StoredManifest,
} from "../../protocol/manifest_entry.ts";
import type { FileResult } from "../../protocol/results.ts";
import type { HeldManifest } from "../../protocol/secret_store.ts";
import { Semaphore } from "../../protocol/semaphore.ts";
import type { Step } from "../../protocol/survey.ts";
import { outcomeOf, pathOf } from "../../protocol/survey_results.ts";

/** A file with its contents. */
export type DeclaredFile = Partial<FileEntry> & { readonly text: string };

/** What is declared, by path. */
export interface Declared {
  readonly files?: Readonly<Record<string, DeclaredFile | string>>;
  readonly folders?: Readonly<Record<string, Partial<FolderEntry>>>;
  readonly keeps?: readonly string[];
  readonly isWipe?: boolean;
  readonly declaredBy?: string | null;
}

/** What a test may do in the midst of a delivery. */
export interface DeliveryHooks {
  /** Files that do not come. */
  readonly withheld?: readonly string[];
  /** Is called once everything is in place, and before it is settled. */
  readonly beforeSettle?: () => Promise<void>;
}

/** A manifest with the contents that it declares. */
export interface DeclaredManifest extends HeldManifest {
  readonly contents: ReadonlyMap<string, Bytes>;
}

/** Makes the entry of a file. */
export async function fileEntry(path: string, file: DeclaredFile | string): Promise<FileEntry> {
  const { text, ...rest } = typeof file === "string" ? { text: file } : file;
  const bytes = encodeUtf8(text);
  const digest = encodeHex(await sha256Digest(bytes));
  const mode = 0o600;
  return { kind: "file", path, digest, size: bytes.length, mode, strategy: "STRICT", ...rest };
}

/** Makes the entry of a folder. */
export function folderEntry(path: string, folder: Partial<FolderEntry> = {}): FolderEntry {
  return { kind: "folder", path, mode: 0o700, strategy: "STRICT", ...folder };
}

/** Makes a manifest. */
export async function declare(declared: Declared): Promise<DeclaredManifest> {
  const { files = {}, folders = {}, keeps = [], isWipe = false, declaredBy = null } = declared;
  const contents = new Map<string, Bytes>();
  const entries: StoredEntry[] = keeps.map((path) => ({ kind: "keep", path }));
  for (const [path, folder] of Object.entries(folders)) entries.push(folderEntry(path, folder));
  for (const [path, file] of Object.entries(files)) {
    entries.push(await fileEntry(path, file));
    contents.set(path, encodeUtf8(typeof file === "string" ? file : file.text));
  }
  const { bytes, digest } = await encodeManifest(entries, { isWipe });
  entries.sort((a, b) => a.path < b.path ? -1 : 1);
  const manifest: StoredManifest = { entries, hooks: [], isWipe };
  const message = {
    state: "MANIFEST",
    id: 0,
    revision: 1,
    issued: 1,
    expires: 2,
    digest,
    size: bytes.length,
    signature: null,
  } as const;
  return { message, bytes, manifest, declaredBy, contents };
}

/** Says what a delivery would do: `<path> <outcome>`, in order. */
export async function plan(store: DiskSecretStore, declared: Declared): Promise<string[]> {
  const held = await declare(declared);
  const { steps } = await store.survey({ ...held.manifest, declaredBy: held.declaredBy });
  return linesOf(steps.map((step) => resultOf(step)));
}

function resultOf(step: Step): FileResult {
  const outcome = outcomeOf(step);
  return { path: pathOf(step), outcome, ...(step.kind === "refuse" ? { code: step.code } : {}) };
}

function linesOf(results: Iterable<FileResult>): string[] {
  const byPath = new Map([...results].map((result) => [result.path, result]));
  return [...byPath.values()].map(({ path, outcome, code }) => {
    return code === undefined ? `${path} ${outcome}` : `${path} ${outcome} ${code}`;
  }).sort();
}

/** Delivers, and says what was done as {@linkcode plan} does. */
export async function deliver(
  store: DiskSecretStore,
  declared: Declared,
  hooks: DeliveryHooks = {},
): Promise<string[]> {
  return await deliverManifest(store, await declare(declared), hooks);
}

/** Delivers a manifest; see {@linkcode deliver}. */
export async function deliverManifest(
  store: DiskSecretStore,
  held: DeclaredManifest,
  { withheld = [], beforeSettle = () => Promise.resolve() }: DeliveryHooks = {},
): Promise<string[]> {
  const results = new Map<string, FileResult>();
  const attempt = async (step: Step, work: () => Promise<FileResult>) => {
    const path = pathOf(step);
    try {
      results.set(path, await work());
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      results.set(path, { path, outcome: "failed", code: error.code });
    }
  };
  const perform = (step: Step) =>
    attempt(step, async () => {
      if (step.kind === "bring" || step.kind === "refuse") throw new TypeError("not a local step");
      await store.perform(step);
      return resultOf(step);
    });
  const { steps } = await store.survey({ ...held.manifest, declaredBy: held.declaredBy });
  await store.keepManifest(held);
  for (const step of steps) {
    if (step.kind === "refuse") results.set(step.path, resultOf(step));
    if (step.kind === "remove" && step.isInTheWay) await perform(step);
  }
  for (const step of steps) if (step.kind === "make") await perform(step);
  const places = new Semaphore(32);
  const all = (work: (step: Step) => Promise<void>) =>
    Promise.all(steps.map((step) => places.run(() => work(step))));
  await all(async (step) => {
    if (step.kind === "reown") await perform(step);
    if (step.kind !== "bring") return;
    const { path } = step.entry;
    if (withheld.includes(path)) results.set(path, { path, outcome: "missing" });
    else await attempt(step, () => bring(store, step.entry, held.contents.get(path)));
  });
  await all(async (step) => {
    if (step.kind === "remove" && !step.isInTheWay) await perform(step);
  });
  await beforeSettle();
  for (const result of await store.settle()) results.set(result.path, result);
  return linesOf(results.values());
}

async function bring(
  store: DiskSecretStore,
  entry: FileEntry,
  bytes: Bytes | undefined,
): Promise<FileResult> {
  if (bytes === undefined) throw new TypeError("a file without contents");
  const { path, mode } = entry;
  const staged = await store.stage(path, { size: bytes.length, mode, entry });
  try {
    await staged.write(bytes);
    return { path, outcome: await staged.commit() };
  } catch (error) {
    await staged.discard();
    throw error;
  }
}
