/**
 * A change of an authority that is under way: it makes what certificates of others need, the root and
 * the intermediates.
 *
 * Whatever is made is saved before anything is made with it. Where the program is killed in between,
 * what is on record was never used.
 *
 * @module
 */
import { encodeHex, sha256Digest } from "../../protocol/mod.ts";
import type { AuditEvent } from "../audit/log/mod.ts";
import { isSameApp } from "../app_name.ts";
import type { AppIndex, IntermediateCertificate, IntermediateKey } from "./state/app_index.ts";
import type { AuthorityKeys } from "./state/authority_keys.ts";
import type { AuthorityFiles } from "./state/authority_store.ts";
import {
  generateSerial,
  type Issuer,
  type Validity,
  writeIntermediate,
  writeRoot,
} from "./certificates/certificate.ts";
import { AuthorityError } from "./errors.ts";
import type { KeyType } from "./certificates/key_pair.ts";
import {
  BACK_DATED_MS,
  INTERMEDIATE_LIFETIME_MS,
  INTERMEDIATE_RENEWAL_MS,
  MAX_PERMITTED_NAMES,
  MIN_LIFETIME_MS,
  ROOT_LIFETIME_MS,
} from "./limits.ts";
import type { RootIndex } from "./state/root_index.ts";
import { domainOf, isBelow, networkOf } from "./subject_names.ts";
import { loadX509 } from "./certificates/x509_library.ts";

/** What a change is made with. */
export interface ChangeParts {
  /** The files, which nobody else changes meanwhile. */
  readonly files: AuthorityFiles;
  /** Makes and opens keys. */
  readonly keys: AuthorityKeys;
  /** The time now in Unix milliseconds. */
  readonly nowMs: number;
}

/** What an intermediate is to be good for. */
export interface IntermediateWish {
  /** Names that it has to permit. */
  readonly names: readonly string[];
  /** Whether another takes its place though it is good. @default {false} */
  readonly isRenewal?: boolean;
}

/** An intermediate that can sign. */
export interface ReadyIntermediate {
  /** The index of the root since. */
  readonly root: RootIndex;
  /** The index of the app since. */
  readonly app: AppIndex;
  /** The key that signs. */
  readonly key: IntermediateKey;
  /** Its certificate. */
  readonly certificate: IntermediateCertificate;
  /** Both, to sign with. */
  readonly issuer: Issuer;
}

/** Makes a root and intermediates, each when it is needed. */
export class AuthorityChange {
  readonly files: AuthorityFiles;
  readonly nowMs: number;
  /** What is to go on record before anything leaves. */
  readonly events: AuditEvent[] = [];
  readonly #keys: AuthorityKeys;

  /** Begins a change. */
  constructor({ files, keys, nowMs }: ChangeParts) {
    this.files = files;
    this.nowMs = nowMs;
    this.#keys = keys;
  }

  /** Returns the root, and makes it where there is none, with keys of this kind. */
  async ensureRoot(type: KeyType): Promise<RootIndex> {
    const held = await this.files.loadRoot();
    if (held !== null) return held;
    const id = await this.#keys.createSecret();
    const { keyId, publicKey, privateKey } = await this.#keys.make(this.files, { id, type });
    const serial = generateSerial();
    const validity = this.#validity(ROOT_LIFETIME_MS);
    const certificate = await writeRoot({ serial, ...validity, id, type, publicKey, privateKey });
    const root: RootIndex = {
      id,
      type,
      keyId,
      root: { serial, ...validity, certificate },
      intermediates: [],
      revocations: null,
    };
    await this.files.saveRoot(root);
    const fingerprint = encodeHex(await sha256Digest(certificate));
    this.events.push({ event: "authority", authority: id, serial, certificate: fingerprint });
    return root;
  }

  /** Opens the root, to sign with. */
  async rootIssuer(root: RootIndex): Promise<Issuer> {
    if (root.root.notAfterMs <= this.nowMs) throw expired("the root of the authority");
    const privateKey = await this.#keys.open(this.files, root.keyId, root);
    return { certificate: root.root.certificate, privateKey, type: root.type };
  }

  /**
   * Returns the intermediate of an app: the one that there is where it permits the names and lasts long
   * enough, else another for the same key, or for a new one where that was revoked.
   *
   * @throws {AuthorityError} `authority-expired` where the root ends, `too-many-names`.
   */
  async intermediate(
    root: RootIndex,
    app: AppIndex,
    { names, isRenewal = false }: IntermediateWish,
  ): Promise<ReadyIntermediate> {
    const key = keyInUse(root, app);
    const last = key?.certificates.at(-1);
    if (key === null || last === undefined) return await this.#replaceKey(root, app, names);
    const privateKey = await this.#keys.open(this.files, key.keyId, root);
    const permitted = permittedNames(app, [...last.permitted, ...names]);
    const isWide = permitted.every((name) => last.permitted.some((tree) => isBelow(name, tree)));
    if (isWide && !isRenewal && !this.#isEnding(last, root)) {
      const issuer = { certificate: last.certificate, privateKey, type: root.type };
      return { root, app, key, certificate: last, issuer };
    }
    const { X509Certificate } = await loadX509();
    const publicKey = await new X509Certificate(last.certificate).publicKey.export();
    return await this.#addCertificate(root, app, { ...key, publicKey, privateKey, permitted });
  }

  #isEnding({ notAfterMs }: Validity, { root }: RootIndex): boolean {
    const isNear = notAfterMs - this.nowMs < INTERMEDIATE_RENEWAL_MS;
    return isNear && root.notAfterMs > notAfterMs;
  }

  async #replaceKey(
    root: RootIndex,
    app: AppIndex,
    names: readonly string[],
  ): Promise<ReadyIntermediate> {
    const key = await this.#keys.make(this.files, root);
    return await this.#addCertificate(root, app, {
      ...key,
      number: nextKeyNumber(root, app),
      certificates: [],
      permitted: permittedNames(app, names),
    });
  }

  async #addCertificate(
    root: RootIndex,
    app: AppIndex,
    wish: IntermediateKey & {
      readonly publicKey: CryptoKey;
      readonly privateKey: CryptoKey;
      readonly permitted: readonly string[];
    },
  ): Promise<ReadyIntermediate> {
    const { number, keyId, publicKey, privateKey, permitted } = wish;
    const serial = generateSerial();
    const validity = this.#validity(INTERMEDIATE_LIFETIME_MS, root.root.notAfterMs);
    const certificate = await writeIntermediate(await this.rootIssuer(root), {
      serial,
      ...validity,
      publicKey,
      app: app.app,
      number,
      permitted,
    });
    const added: IntermediateCertificate = { serial, ...validity, certificate, permitted };
    const record = { serial, app: app.app, keyNumber: number, ...validity, revoked: null };
    const nextRoot = { ...root, intermediates: [...root.intermediates, record] };
    // The root knows of it first: what it vouched for can be revoked, whatever happens next.
    await this.files.saveRoot(nextRoot);
    const key = { number, keyId, certificates: [...wish.certificates, added] };
    const others = app.keys.filter((other) => other.number !== number);
    const nextApp = { ...app, keys: [...others, key] };
    await this.files.saveApp(nextApp);
    const notAfter = new Date(validity.notAfterMs).toISOString();
    this.events.push({ event: "intermediate", app: app.app, serial, names: permitted, notAfter });
    const issuer = { certificate, privateKey, type: root.type };
    return { root: nextRoot, app: nextApp, key, certificate: added, issuer };
  }

  #validity(lifetimeMs: number, latestMs = Infinity): Validity {
    return validityFrom(this.nowMs, { lifetimeMs, latestMs });
  }
}

/**
 * Returns from when to when a certificate is valid that is made now, in whole seconds.
 *
 * @throws {AuthorityError} `authority-expired` where whoever vouches for it ends before it can be used.
 */
export function validityFrom(
  nowMs: number,
  { lifetimeMs, latestMs }: { readonly lifetimeMs: number; readonly latestMs: number },
): Validity {
  const notAfterMs = wholeSeconds(Math.min(nowMs + lifetimeMs, latestMs));
  if (notAfterMs - nowMs < MIN_LIFETIME_MS - 1_000) throw expired("what vouches for certificates");
  return { notBeforeMs: wholeSeconds(nowMs - BACK_DATED_MS), notAfterMs };
}

/** Cuts a time to what a certificate can say. */
export function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}

/** Returns the key of an app that signs: its last one, unless an intermediate for it was revoked. */
export function keyInUse(root: RootIndex, app: AppIndex): IntermediateKey | null {
  const key = app.keys.at(-1);
  return key === undefined || isKeyRevoked(root, app, key.number) ? null : key;
}

/** Tells whether an intermediate for a key of an app was revoked, and with it all that it signed. */
export function isKeyRevoked(root: RootIndex, { app }: AppIndex, keyNumber: number): boolean {
  return root.intermediates.some((record) =>
    isSameApp(record.app, app) && record.keyNumber === keyNumber && record.revoked !== null
  );
}

/** No two keys of an app ever have one number, and one name; not even where its index was lost. */
function nextKeyNumber({ intermediates }: RootIndex, { app, keys }: AppIndex): number {
  const used = intermediates.filter((record) => isSameApp(record.app, app))
    .map(({ keyNumber }) => keyNumber);
  return Math.max(0, ...used, ...keys.map(({ number }) => number)) + 1;
}

/** Returns the names that an intermediate has to permit, without those that are below others. */
function permittedNames(app: AppIndex, names: readonly string[]): readonly string[] {
  const trees = [domainOf(app.app), networkOf(app.app)];
  for (const name of [...app.allowed, ...names]) {
    const tree = name.replace(/^\*\./, "");
    if (!trees.some((known) => isBelow(tree, known))) trees.push(tree);
  }
  if (trees.length <= MAX_PERMITTED_NAMES) return trees;
  throw new AuthorityError(
    "name-refused",
    `the intermediate of ${app.app} would permit more than ${MAX_PERMITTED_NAMES} names`,
  );
}

function expired(what: string): AuthorityError {
  return new AuthorityError("authority-expired", `${what} has come to its end`, {
    hint: "Make a new authority in another folder of state, and have its root trusted.",
  });
}
