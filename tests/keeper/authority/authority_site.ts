/** Authorities in memory and on disk, and requests for the tests of them. */
import { Authority, type AuthorityOptions } from "../../../keeper/authority/authority.ts";
import type { IssueOrder } from "../../../keeper/authority/issue_order.ts";
import { loadX509 } from "../../../keeper/authority/certificates/x509_library.ts";
import {
  type AppIndex,
  decodeAppIndex,
  encodeAppIndex,
} from "../../../keeper/authority/state/app_index.ts";
import type {
  AuthorityFiles,
  AuthoritySecrets,
  AuthorityStore,
} from "../../../keeper/authority/state/authority_store.ts";
import {
  decodeRootIndex,
  encodeRootIndex,
  type RootIndex,
} from "../../../keeper/authority/state/root_index.ts";
import { MemoryAuditLog } from "../../../keeper/audit/log/audit_log.ts";
import { type Bytes, StorageError } from "../../../protocol/mod.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** The app of the tests. */
export const APP = "VaultDemo";
/** A day in milliseconds. */
export const DAY_MS = 86_400_000;

/** Keeps the state of an authority in memory, as the bytes that would be on disk. */
export class MemoryAuthorityStore implements AuthorityStore, AuthorityFiles {
  readonly where = "memory";
  readonly files = new Map<string, Bytes>();
  /** The name of a file that cannot be written, as when the disk is full. */
  full: string | null = null;
  /** After how many writes the program is killed, and whether the last of them is done. */
  killed: { after: number; readonly isDone: boolean } | null = null;
  #last: Promise<unknown> = Promise.resolve();

  get reader(): AuthorityFiles {
    return this;
  }

  change<T>(work: (files: AuthorityFiles) => Promise<T>): Promise<T> {
    const changed = this.#last.then(() => work(this));
    this.#last = changed.catch(() => {});
    return changed;
  }

  loadRoot(): Promise<RootIndex | null> {
    const bytes = this.files.get("root");
    return Promise.resolve(bytes === undefined ? null : decodeRootIndex(bytes));
  }

  loadApp(app: string): Promise<AppIndex | null> {
    const bytes = this.files.get(`app-${app.toLowerCase()}`);
    return Promise.resolve(bytes === undefined ? null : decodeAppIndex(bytes));
  }

  loadApps(): Promise<readonly AppIndex[]> {
    const apps = [...this.files].filter(([name]) => name.startsWith("app-")).sort();
    return Promise.resolve(apps.map(([, bytes]) => decodeAppIndex(bytes)));
  }

  saveRoot(index: RootIndex): Promise<void> {
    return this.#save("root", encodeRootIndex(index));
  }

  saveApp(index: AppIndex): Promise<void> {
    return this.#save(`app-${index.app.toLowerCase()}`, encodeAppIndex(index));
  }

  loadKey(keyId: string): Promise<Bytes> {
    const file = this.files.get(`key-${keyId}`);
    return file === undefined
      ? Promise.reject(new StorageError("file-missing", "the private key is missing"))
      : Promise.resolve(file);
  }

  saveKey(keyId: string, file: Bytes): Promise<void> {
    return this.#save(`key-${keyId}`, file);
  }

  #save(name: string, bytes: Bytes): Promise<void> {
    if (this.full !== null && name.startsWith(this.full)) {
      return Promise.reject(new StorageError("disk-full", "no space is left on the device"));
    }
    const { killed } = this;
    const isLast = killed !== null && --killed.after <= 0;
    if (!isLast || killed.isDone) this.files.set(name, bytes);
    return isLast ? Promise.reject(new Killed()) : Promise.resolve();
  }
}

/** The program is no more. */
export class Killed extends Error {}

/** A secret in memory. */
export class MemorySecrets implements AuthoritySecrets {
  /** It, once it was made. */
  secret: { readonly id: string; readonly secret: string } | null = null;
  /** How often it was asked for. */
  reads = 0;

  read(id: string): Promise<string> {
    this.reads++;
    return this.secret?.id === id
      ? Promise.resolve(this.secret.secret)
      : Promise.reject(new StorageError("file-missing", "the secret is missing"));
  }

  create(): Promise<{ readonly id: string; readonly secret: string }> {
    this.secret = {
      id: "0123456789abcdef",
      secret: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
    };
    return Promise.resolve(this.secret);
  }
}

/** An authority and what it is made of. */
export interface AuthoritySite {
  readonly authority: Authority;
  readonly store: MemoryAuthorityStore;
  readonly secrets: MemorySecrets;
  readonly audit: MemoryAuditLog;
  readonly clock: FakeClock;
  /** Opens another over the same state, as another program would. */
  reopen(options?: Partial<AuthorityOptions>): Promise<Authority>;
}

/** Opens an authority in memory. */
export async function openMemoryAuthority(
  options: Partial<AuthorityOptions> = {},
): Promise<AuthoritySite> {
  const store = new MemoryAuthorityStore();
  const secrets = new MemorySecrets();
  const clock = new FakeClock();
  const audit = new MemoryAuditLog(clock.now);
  const reopen = (others: Partial<AuthorityOptions> = {}) =>
    Authority.open(store, { secrets, audit, now: clock.now, ...options, ...others });
  return { authority: await reopen(), store, secrets, audit, clock, reopen };
}

/** The kinds of key of requests. */
export const ALGORITHMS = {
  "P-256": { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  "P-384": { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" },
  "P-521": { name: "ECDSA", namedCurve: "P-521", hash: "SHA-512" },
  Ed25519: { name: "Ed25519" },
  RSA: {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    publicExponent: new Uint8Array([1, 0, 1]),
    modulusLength: 2048,
  },
} as const;

/** Makes a key and a request that it signs. */
export async function makeRequest(
  algorithm: keyof typeof ALGORITHMS = "P-256",
  options: { readonly subject?: string; readonly names?: readonly string[] } = {},
): Promise<{ readonly request: Bytes; readonly keys: CryptoKeyPair }> {
  const x509 = await loadX509();
  const signingAlgorithm = ALGORITHMS[algorithm];
  const keys = await crypto.subtle.generateKey(signingAlgorithm, true, ["sign", "verify"]);
  if (!("privateKey" in keys)) throw new TypeError("no pair");
  const names = (options.names ?? []).map((value) => ({ type: "dns" as const, value }));
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: options.subject ?? "CN=ignored",
    keys,
    signingAlgorithm,
    extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)],
  });
  return { request: new Uint8Array(request.rawData), keys };
}

/** An order for the certificate of an agent. */
export async function agentOrder(order: Partial<IssueOrder> = {}): Promise<IssueOrder> {
  const { request } = await makeRequest();
  return { app: APP, component: "db", purpose: "agent", request, ...order };
}

/** An order for the certificate of an application. */
export async function applicationOrder(order: Partial<IssueOrder> = {}): Promise<IssueOrder> {
  return { ...await agentOrder(), purpose: "application", ...order };
}
