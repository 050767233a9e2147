/**
 * Certificates that an authority issues: signed, put on record, and only then handed over.
 *
 * @module
 */
import { encodePem } from "../../protocol/certificates/mod.ts";
import type { AppIndex, IssuedRecord } from "./state/app_index.ts";
import { forgetEnded, revocationOf } from "./app_revocations.ts";
import { type AuthorityChange, validityFrom, wholeSeconds } from "./authority_change.ts";
import { generateSerial, type Validity, writeLeaf } from "./certificates/certificate.ts";
import { AuthorityError } from "./errors.ts";
import type { LeafTerms } from "./issue_order.ts";
import { MAX_LIVE_CERTIFICATES, MAX_LIVE_OF_HOLDER } from "./limits.ts";
import type { RootIndex } from "./state/root_index.ts";
import { loadX509 } from "./certificates/x509_library.ts";

/** A certificate, ready to be handed over. */
export interface IssuedCertificate extends Validity {
  /** Its serial number, in hex. */
  readonly serial: string;
  /** It and the intermediate that vouches for it, each in PEM. */
  readonly chain: readonly [leaf: string, intermediate: string];
  /** The root, in PEM. */
  readonly root: string;
  /** The names that it carries. */
  readonly names: readonly string[];
  /** When it is to be renewed, in Unix milliseconds: at two thirds of its life. */
  readonly renewAtMs: number;
}

/** What a certificate is issued by, and for. */
export interface LeafOrder {
  /** The index of the root. */
  readonly root: RootIndex;
  /** The index of the app. */
  readonly app: AppIndex;
  /** The public key that it vouches for. */
  readonly publicKey: CryptoKey;
  /** What it is to be. */
  readonly terms: LeafTerms;
}

/**
 * Issues a certificate.
 *
 * @throws {AuthorityError} `too-many-certificates`, or what the intermediate refuses.
 */
export async function issueLeaf(
  change: AuthorityChange,
  { root, app, publicKey, terms }: LeafOrder,
): Promise<IssuedCertificate> {
  const { nowMs } = change;
  checkCount(app, terms, nowMs);
  const ready = await change.intermediate(root, app, { names: terms.names });
  const serial = generateSerial();
  const latestMs = ready.certificate.notAfterMs;
  const validity = validityFrom(nowMs, { lifetimeMs: terms.lifetimeMs, latestMs });
  const { usage, names, component, purpose, holder } = terms;
  const subject = component ?? (purpose === "keeper" ? purpose : app.app);
  const certificate = await writeLeaf(ready.issuer, {
    serial,
    ...validity,
    publicKey,
    app: app.app,
    subject,
    usage,
    names,
  });
  const keyNumber = ready.key.number;
  const record: IssuedRecord = {
    serial,
    keyNumber,
    ...terms,
    ...validity,
    certificate,
    revoked: null,
  };
  const next = forgetEnded({ ...ready.app, issued: [...ready.app.issued, record] }, nowMs);
  await change.files.saveApp(next);
  change.events.push({
    event: "issued",
    app: app.app,
    component,
    purpose,
    fingerprint: holder,
    serial,
    names,
    usage,
    notAfter: new Date(validity.notAfterMs).toISOString(),
  });
  return {
    serial,
    ...validity,
    renewAtMs: renewalTime({ notBeforeMs: nowMs, notAfterMs: validity.notAfterMs }),
    chain: [
      encodePem("CERTIFICATE", certificate),
      encodePem("CERTIFICATE", ready.certificate.certificate),
    ],
    root: encodePem("CERTIFICATE", ready.root.root.certificate),
    names,
  };
}

/** Returns when a certificate is to be renewed, in Unix milliseconds: at two thirds of its life. */
export function renewalTime({ notBeforeMs, notAfterMs }: Validity): number {
  return wholeSeconds(notBeforeMs + (notAfterMs - notBeforeMs) * 2 / 3);
}

/**
 * Finds a certificate that was issued, with its key, so that it can be issued once more.
 *
 * @returns What to issue, or `null` where the serial number is not that of one.
 * @throws {AuthorityError} `certificate-revoked` where it was revoked.
 */
export async function findIssued(
  root: RootIndex,
  app: AppIndex,
  serial: string,
): Promise<LeafOrder | null> {
  const record = app.issued.find((issued) => issued.serial === serial);
  if (record === undefined) return null;
  if (revocationOf(root, app, record) !== null) {
    throw new AuthorityError("certificate-revoked", `the certificate ${serial} was revoked`, {
      hint: "Issue another, for a request with a new key.",
    });
  }
  const { X509Certificate } = await loadX509();
  const publicKey = await new X509Certificate(record.certificate).publicKey.export();
  const { component, purpose, declared, usage, names, holder, lifetimeMs } = record;
  const terms = { component, purpose, declared, usage, names, holder, lifetimeMs };
  return { root, app, publicKey, terms };
}

function checkCount({ app, issued }: AppIndex, terms: LeafTerms, nowMs: number): void {
  const live = issued.filter(({ notAfterMs }) => notAfterMs > nowMs);
  const { holder, purpose, declared } = terms;
  const own = live.filter((record) =>
    record.holder === holder && record.purpose === purpose && record.declared === declared
  );
  const isTooMany = live.length >= MAX_LIVE_CERTIFICATES ||
    (holder !== null && own.length >= MAX_LIVE_OF_HOLDER);
  if (!isTooMany) return;
  const whose = holder === null || live.length >= MAX_LIVE_CERTIFICATES ? app : "the agent";
  throw new AuthorityError(
    "too-many-certificates",
    `${whose} has too many certificates that are still valid`,
    { hint: "They count until their end, revoked or not; give them a shorter life." },
  );
}
