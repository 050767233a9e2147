/**
 * What the vault holds, made ready for any number of deliveries at once: to each component and level of
 * trust what it may have.
 *
 * @module
 */
import {
  type EncodedManifest,
  encodeHex,
  encodeManifest,
  encodeUtf8,
  type Hook,
  type ManifestEntry,
  type SecretSource,
  sha256Digest,
} from "../../protocol/mod.ts";
import type { TextFactsCache } from "../../protocol/original/mod.ts";
import { TRUST_LEVELS, type TrustLevel } from "../trust/mod.ts";
import {
  assemble,
  type Assembly,
  type DeliveryFault,
  itemsOf,
  type WithheldFile,
} from "../vault/assembly.ts";
import {
  type ApplicationCertificate,
  declareCertificate,
} from "../vault/application_certificate.ts";
import type { Declaration } from "../vault/declaration.ts";
import { type Declarations, isOfVault } from "../vault/declarations.ts";
import type { SourceContents, Vault, VaultInspectOptions, VaultView } from "../vault/vault.ts";

/** What agents of one component and level are given. */
export interface LevelDelivery {
  /** The files; those that are withheld are neither entries nor missing, so they are denied. */
  readonly source: SecretSource;
  /** Their manifest. */
  readonly manifest: EncodedManifest;
  /** The certificates that it declares, as the operator did. */
  readonly certificates: readonly ApplicationCertificate[];
  /** What is left out because of the level. */
  readonly withheld: readonly WithheldFile[];
  /** What cannot be given now. */
  readonly faults: readonly DeliveryFault[];
  /** The SHA-256 in hex of all that is declared for the component, whatever an agent's level. */
  readonly declaredDigest: string;
}

/** What is delivered to the agents of a fleet. */
export interface Delivery {
  /** How many bytes all files have together. */
  readonly totalBytes: number;
  /** What nodes of the original would know of the files, worked out once for all of them. */
  readonly textFacts: TextFactsCache;
  /**
   * Returns what agents of a component and level are given; worked out when the first of them comes.
   *
   * @throws {ProtocolError} if it makes no manifest: there is too much.
   */
  at(component: string | null, level: TrustLevel): Promise<LevelDelivery>;
}

/** The options of {@linkcode prepareDelivery}. */
export interface PrepareDeliveryOptions extends VaultInspectOptions {
  /** What was delivered before: of it is used again what did not change. */
  readonly last?: Delivery | null;
  /** The app whose agents are served, or `null`. @default {null} */
  readonly app?: string | null;
}

/**
 * Looks into the vault.
 *
 * @throws {StorageError} if the vault cannot be read.
 */
export async function prepareDelivery(
  vault: Vault,
  declarations: Declarations,
  options: PrepareDeliveryOptions = {},
): Promise<Delivery> {
  const { last = null, app = null, signal } = options;
  const view = await vault.inspect(declarations.all.filter(isOfVault), { signal });
  const before = last instanceof PreparedDelivery ? last : null;
  return new PreparedDelivery(declarations, { view, last: before, app });
}

/** What agents of a level are given, and what it was made of. */
interface Made {
  readonly parts: readonly unknown[];
  readonly delivery: Promise<LevelDelivery>;
}

/** What was made, by what is declared and the level, and the component where that plays a part. */
type MadeDeliveries = WeakMap<readonly Declaration[], Map<string, Made>>;

/** The level that is given all. */
const HIGHEST_LEVEL: TrustLevel = TRUST_LEVELS.at(-1) ?? "enrolled";

class PreparedDelivery implements Delivery {
  readonly totalBytes: number;
  readonly textFacts: TextFactsCache = new Map();
  readonly #declarations: Declarations;
  readonly #view: VaultView;
  readonly #app: string | null;
  readonly #kept: MadeDeliveries;

  constructor(declarations: Declarations, { view, last, app }: {
    readonly view: VaultView;
    readonly last: PreparedDelivery | null;
    readonly app: string | null;
  }) {
    this.#declarations = declarations;
    this.#view = view;
    this.#app = app;
    this.#kept = last === null ? new WeakMap() : last.#kept;
    this.totalBytes = declarations.all.filter(isOfVault).reduce((sum, each) => {
      return sum + countBytes(view.contentsOf(each));
    }, 0);
  }

  at(component: string | null, level: TrustLevel): Promise<LevelDelivery> {
    const declared = this.#declarations.of(component);
    const made = this.#kept.get(declared) ?? new Map<string, Made>();
    this.#kept.set(declared, made);
    // Many components share what is declared; the names of their containers they do not.
    const key = this.#hasOwnNames(declared) ? `${level} ${component?.toLowerCase()}` : level;
    const { hooks, certificates } = this.#declarations;
    const services = this.#declarations.servicesOf?.(component) ?? [];
    const parts = [
      hooks,
      certificates,
      ...services,
      ...declared.map((each) => itemsOf(each, this.#view)),
    ];
    const known = made.get(key);
    if (known !== undefined && isSameList(known.parts, parts)) return known.delivery;
    const delivery = this.#make(declared, { component, level });
    made.set(key, { parts, delivery });
    return delivery;
  }

  /** Tells whether a certificate carries the names of the container that it is for. */
  #hasOwnNames(declared: readonly Declaration[]): boolean {
    const { certificates = [] } = this.#declarations;
    const own = new Set(certificates.filter(({ names }) => names === null).map(({ name }) => name));
    return own.size > 0 && declared.some(({ issued }) => own.has(issued?.certificate ?? ""));
  }

  async #make(
    declared: readonly Declaration[],
    { component, level }: { readonly component: string | null; readonly level: TrustLevel },
  ): Promise<LevelDelivery> {
    const assembly = assemble(declared, this.#view, level);
    const { withheld, faults } = assembly;
    const certificates = this.#certificatesOf(assembly.entries);
    const source = {
      ...this.#sourceOf(assembly),
      services: this.#declarations.servicesOf?.(component) ?? [],
      certificates: await Promise.all(certificates.map((each) => {
        return declareCertificate(each, { app: this.#app, component });
      })),
    };
    const manifest = await encodeManifest(source.entries, source);
    // All levels have one record of what is declared: what is withheld from one is in it, too.
    const declaredDigest = level === HIGHEST_LEVEL || withheld.length === 0
      ? await digestOf(manifest, declared)
      : (await this.at(component, HIGHEST_LEVEL)).declaredDigest;
    return { source, manifest, certificates, withheld, faults, declaredDigest };
  }

  /** Returns the hooks that entries name. */
  #hooksOf(entries: readonly ManifestEntry[]): readonly Hook[] {
    const { hooks } = this.#declarations;
    if (hooks.length === 0) return [];
    const named = new Set(entries.map((entry) => entry.kind === "keep" ? undefined : entry.hook));
    return hooks.filter(({ name }) => named.has(name));
  }

  /** Returns the certificates that entries name. */
  #certificatesOf(entries: readonly ManifestEntry[]): readonly ApplicationCertificate[] {
    const { certificates = [] } = this.#declarations;
    if (certificates.length === 0) return [];
    const named = new Set(entries.map((entry) => entry.kind === "issued" && entry.certificate));
    return certificates.filter(({ name }) => named.has(name));
  }

  #sourceOf({ entries, files, faults }: Assembly): SecretSource {
    const view = this.#view;
    return {
      entries,
      hooks: this.#hooksOf(entries),
      missing: new Set(faults.map(({ path }) => path)),
      open: async ({ path, digest }, from) => {
        const given = files.get(path);
        if (given?.file.digest !== digest) return null;
        const { file, declaration: { compress = false } } = given;
        const content = await view.open(file, from);
        if (content === null || !compress) return content;
        const reopen = async () => {
          const again = await view.open(file, from);
          return again?.offset === content.offset ? again.chunks : null;
        };
        return { ...content, reopen };
      },
    };
  }
}

const BYTES_BY_CONTENTS = new WeakMap<readonly unknown[], number>();

function countBytes({ items }: SourceContents): number {
  const known = BYTES_BY_CONTENTS.get(items);
  if (known !== undefined) return known;
  const bytes = items.reduce((sum, item) => item.kind === "file" ? sum + item.size : sum, 0);
  BYTES_BY_CONTENTS.set(items, bytes);
  return bytes;
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((each, i) => each === b[i]);
}

/** Where nothing asks for a level, it is the digest of the manifest that all agents get. */
async function digestOf(
  manifest: EncodedManifest,
  declared: readonly Declaration[],
): Promise<string> {
  const digest = encodeHex(manifest.digest);
  const demands = declared.flatMap(({ target, requires }) => {
    return requires === undefined ? [] : [[target, requires]];
  });
  if (demands.length === 0) return digest;
  return encodeHex(await sha256Digest(encodeUtf8(JSON.stringify([digest, demands.sort()]))));
}
