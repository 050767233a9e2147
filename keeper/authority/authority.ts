/**
 * A keeper's certificate authority: a root of its own, an intermediate for each app, and what these
 * issue.
 *
 * @module
 */
import { encodePem } from "../../protocol/certificates/mod.ts";
import type { Bytes } from "../../protocol/mod.ts";
import type { AuditLog } from "../audit/log/mod.ts";
import { type AppIndex, emptyAppIndex, type IssuedRecord } from "./state/app_index.ts";
import { isFresh, revocationOf } from "./app_revocations.ts";
import { AuthorityChange, keyInUse } from "./authority_change.ts";
import { AuthorityKeys } from "./state/authority_keys.ts";
import type { AuthoritySecrets, AuthorityStore } from "./state/authority_store.ts";
import { readCertificateRequest } from "./certificates/certificate_request.ts";
import { AuthorityError } from "./errors.ts";
import type { Revocation } from "./state/index_members.ts";
import {
  allowNames,
  checkOwner,
  decideTerms,
  type IssueOrder,
  keeperTerms,
} from "./issue_order.ts";
import { findIssued, type IssuedCertificate, issueLeaf } from "./issued_certificate.ts";
import { generateKey, type KeyType } from "./certificates/key_pair.ts";
import type { RevocationReason } from "./certificates/revocation_list.ts";
import {
  type RevokedCertificate,
  revokeSerial,
  signAppList,
  signRootList,
} from "./revoked_certificate.ts";
import type { RootIndex } from "./state/root_index.ts";

/** What an authority is opened with. */
export interface AuthorityOptions {
  /** Keeps the secret that encrypts the private keys. */
  readonly secrets: AuthoritySecrets;
  /** Puts on record what is issued and revoked, before it leaves. @default nowhere */
  readonly audit?: Pick<AuditLog, "append">;
  /** The kind of the keys of an authority that is made. @default {"P-256"} */
  readonly type?: KeyType;
  /** The time now in Unix milliseconds. @default {Date.now} */
  readonly now?: () => number;
}

/** The certificate of a keeper, with its private key, which is kept nowhere. */
export interface KeeperCertificate extends IssuedCertificate {
  /** The private key, in PEM (PKCS#8): for memory alone. */
  readonly privateKey: string;
}

/** A certificate that was issued, as it stands. */
export interface ListedCertificate extends Omit<IssuedRecord, "revoked"> {
  /** The app. */
  readonly app: string;
  /** Whether it was revoked, by itself or with its intermediate. */
  readonly revoked: Revocation | null;
}

/** What an authority shows of itself. */
export interface AuthorityView {
  /** The root and which intermediates it vouched for. */
  readonly root: RootIndex;
  /** The apps. */
  readonly apps: readonly AppIndex[];
}

/** Issues and revokes certificates; two of them, in one process or in two, take turns. */
export class Authority {
  readonly #store: AuthorityStore;
  readonly #keys: AuthorityKeys;
  readonly #audit: Pick<AuditLog, "append"> | null;
  readonly #type: KeyType;
  readonly #now: () => number;

  private constructor(store: AuthorityStore, options: AuthorityOptions) {
    const { secrets, audit = null, type = "P-256", now = Date.now } = options;
    this.#store = store;
    this.#keys = new AuthorityKeys(secrets);
    this.#audit = audit;
    this.#type = type;
    this.#now = now;
  }

  /**
   * Opens an authority; one that is not there yet is made with the first certificate.
   *
   * @throws {StorageError} where its index cannot be read.
   */
  static async open(store: AuthorityStore, options: AuthorityOptions): Promise<Authority> {
    await store.reader.loadRoot();
    return new Authority(store, options);
  }

  /** Says where it is kept, as words that can follow "in". */
  get where(): string {
    return this.#store.where;
  }

  /** Makes the root where there is none; tells whether it did. */
  async init(): Promise<boolean> {
    return await this.#change(async (change) => {
      const root = await change.ensureRoot(this.#type);
      // Whoever cannot sign finds out now.
      await change.rootIssuer(root);
      return change.events.length > 0;
    });
  }

  /**
   * Asks for the secret of the authority where there is one, so that nobody has to be asked later.
   *
   * @returns Whether there is one.
   * @throws {ConfigError} or {StorageError} where the secret cannot be had.
   */
  async unlock(): Promise<boolean> {
    const root = await this.#store.reader.loadRoot();
    if (root !== null) await this.#keys.unlock(root.id);
    return root !== null;
  }

  /**
   * Issues a certificate for the key of a request.
   *
   * It is on record before this resolves.
   *
   * @throws {AuthorityError} where the request, its key, or a name is refused.
   * @throws {RangeError} for an order that says something that it cannot say.
   */
  async issue(order: IssueOrder): Promise<IssuedCertificate> {
    checkOwner(order);
    const { publicKey } = await readCertificateRequest(order.request);
    return await this.#change(async (change) => {
      const root = await change.ensureRoot(this.#type);
      const app = allowNames(await loadApp(change, order.app), order);
      return await issueLeaf(change, { root, app, publicKey, terms: decideTerms(order, app) });
    });
  }

  /** Issues the certificate by which the agents of an app know this keeper, for a key of its own. */
  async issueForKeeper(
    app: string,
    options: { readonly lifetimeMs?: number } = {},
  ): Promise<KeeperCertificate> {
    checkOwner({ app, component: null });
    const terms = keeperTerms(app, options.lifetimeMs);
    const { publicKey, pkcs8 } = await generateKey(this.#type);
    const issued = await this.#change(async (change) => {
      const root = await change.ensureRoot(this.#type);
      return await issueLeaf(change, { root, app: await loadApp(change, app), publicKey, terms });
    });
    const privateKey = encodePem("PRIVATE KEY", pkcs8);
    pkcs8.fill(0);
    return { ...issued, privateKey };
  }

  /**
   * Issues once more what was issued before: the same names, usage and key, for as long again.
   *
   * @throws {AuthorityError} `certificate-unknown` for a serial number that is not on record,
   * `certificate-revoked` where it was revoked.
   */
  async renew(serial: string): Promise<IssuedCertificate> {
    return await this.#change(async (change) => {
      const root = await change.files.loadRoot();
      for (const app of root === null ? [] : await change.files.loadApps()) {
        const order = root === null ? null : await findIssued(root, app, serial);
        if (order !== null) return await issueLeaf(change, order);
      }
      throw unknown(serial);
    });
  }

  /**
   * Makes another intermediate for the key of an app, with all its time before it.
   *
   * @returns Its serial number.
   * @throws {AuthorityError} `authority-missing` where there is nothing to renew.
   */
  async renewIntermediate(app: string): Promise<string> {
    return await this.#change(async (change) => {
      const root = await change.files.loadRoot();
      const index = await change.files.loadApp(app);
      if (root === null || index === null) throw missing(app);
      const made = await change.intermediate(root, index, { names: [], isRenewal: true });
      return made.certificate.serial;
    });
  }

  /**
   * Revokes a certificate, or an intermediate with all that its key signed.
   *
   * @throws {AuthorityError} `certificate-unknown` for a serial number that is not on record.
   */
  async revoke(
    serial: string,
    options: { readonly reason?: RevocationReason } = {},
  ): Promise<RevokedCertificate> {
    const { reason = "unspecified" } = options;
    return await this.#change(async (change) => {
      const root = await change.files.loadRoot();
      const revoked = { revokedMs: change.nowMs, reason };
      const done = root === null ? null : await revokeSerial(change, root, { serial, revoked });
      if (done === null) throw unknown(serial);
      return done;
    });
  }

  /**
   * Returns the list of the app's certificates that are revoked, in DER, signed by its intermediate;
   * `null` where nothing was ever issued for the app.
   */
  async revocationList(app: string): Promise<Bytes | null> {
    const { reader } = this.#store;
    const [held, index] = [await reader.loadRoot(), await reader.loadApp(app)];
    if (held === null || index === null || index.keys.length === 0) return null;
    const keyNumber = keyInUse(held, index)?.number ?? 0;
    const { revocations } = index;
    if (isFresh(revocations, { nowMs: this.#now(), keyNumber })) return revocations.der;
    return await this.#change(async (change) => {
      const root = await change.ensureRoot(this.#type);
      const ready = await change.intermediate(root, await loadApp(change, app), { names: [] });
      return (await signAppList(change, ready)).der;
    });
  }

  /** Returns the list of intermediates that are revoked, in DER, signed by the root; `null` without one. */
  async rootRevocationList(): Promise<Bytes | null> {
    const held = await this.#store.reader.loadRoot();
    if (held === null) return null;
    const { revocations } = held;
    if (isFresh(revocations, { nowMs: this.#now(), keyNumber: 1 })) return revocations.der;
    return await this.#change(async (change) => {
      return (await signRootList(change, await change.ensureRoot(this.#type))).der;
    });
  }

  /** Returns what the authority shows of itself; `null` where there is none yet. */
  async view(): Promise<AuthorityView | null> {
    const root = await this.#store.reader.loadRoot();
    return root === null ? null : { root, apps: await this.#store.reader.loadApps() };
  }

  /** Lists what was issued and is on record, app by app, in the order in which it was issued. */
  async list(): Promise<readonly ListedCertificate[]> {
    const view = await this.view();
    return view?.apps.flatMap((app) =>
      app.issued.map((record) => ({
        ...record,
        app: app.app,
        revoked: revocationOf(view.root, app, record),
      }))
    ) ?? [];
  }

  /**
   * Returns a certificate that was issued and the newest intermediate for what signed it, each in PEM.
   *
   * @throws {AuthorityError} `certificate-unknown` for a serial number that is not on record.
   */
  async chainOf(serial: string): Promise<readonly string[]> {
    for (const app of await this.#store.reader.loadApps()) {
      const record = app.issued.find((issued) => issued.serial === serial);
      if (record === undefined) continue;
      const key = app.keys.find(({ number }) => number === record.keyNumber);
      const intermediate = key?.certificates.at(-1)?.certificate;
      return toPem(record.certificate, intermediate);
    }
    throw unknown(serial);
  }

  /**
   * Returns the intermediate of an app that signs, and the root, each in PEM.
   *
   * @throws {AuthorityError} `authority-missing` where nothing was issued for the app.
   */
  async chainOfApp(app: string): Promise<readonly string[]> {
    const { reader } = this.#store;
    const [root, index] = [await reader.loadRoot(), await reader.loadApp(app)];
    const key = root === null || index === null ? null : keyInUse(root, index);
    if (root === null || key === null) throw missing(app);
    return toPem(key.certificates.at(-1)?.certificate, root.root.certificate);
  }

  async #change<T>(work: (change: AuthorityChange) => Promise<T>): Promise<T> {
    return await this.#store.change(async (files) => {
      const nowMs = this.#now();
      const change = new AuthorityChange({ files, keys: this.#keys, nowMs });
      const result = await work(change);
      if (change.events.length > 0) await this.#audit?.append(change.events);
      return result;
    });
  }
}

async function loadApp({ files }: AuthorityChange, app: string): Promise<AppIndex> {
  return await files.loadApp(app) ?? emptyAppIndex(app);
}

function toPem(...certificates: readonly (Bytes | undefined)[]): readonly string[] {
  return certificates.flatMap((der) => der === undefined ? [] : [encodePem("CERTIFICATE", der)]);
}

function unknown(serial: string): AuthorityError {
  return new AuthorityError("certificate-unknown", `no certificate ${serial} is on record`, {
    hint: "See what is: fluxvault-keeper ca list. What ended long ago was forgotten.",
  });
}

function missing(app: string): AuthorityError {
  return new AuthorityError("authority-missing", `nothing was issued for ${app} yet`);
}
