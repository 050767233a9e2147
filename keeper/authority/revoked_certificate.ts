/**
 * Revoking, and the lists that say what was revoked.
 *
 * @module
 */
import { isSameApp } from "../app_name.ts";
import { isFresh, revokedIntermediates, revokedOf } from "./app_revocations.ts";
import type { AuthorityChange, ReadyIntermediate } from "./authority_change.ts";
import type { Revocation, SignedList } from "./state/index_members.ts";
import { REVOCATIONS_LIFETIME_MS } from "./limits.ts";
import { type RevokedSerial, writeRevocationList } from "./certificates/revocation_list.ts";
import type { RootIndex } from "./state/root_index.ts";
import type { Issuer } from "./certificates/certificate.ts";

/** What came of a revocation. */
export interface RevokedCertificate {
  /** The app. */
  readonly app: string;
  /** Its serial number, in hex. */
  readonly serial: string;
  /** What it was: an intermediate takes with it all that its key signed. */
  readonly kind: "intermediate" | "certificate";
  /** Whether it was revoked before. */
  readonly isOld: boolean;
}

/** What is to be revoked. */
interface RevocationOrder {
  readonly serial: string;
  readonly revoked: Revocation;
}

/** Revokes what has a serial number, an intermediate or what one issued; `null` where nothing has it. */
export async function revokeSerial(
  change: AuthorityChange,
  root: RootIndex,
  order: RevocationOrder,
): Promise<RevokedCertificate | null> {
  const { serial, revoked: { reason } } = order;
  const done = await revokeIntermediate(change, root, order) ?? await revokeIssued(change, order);
  if (done !== null && !done.isOld) {
    change.events.push({ event: "revoked", app: done.app, serial, kind: done.kind, reason });
  }
  return done;
}

async function revokeIntermediate(
  { files }: AuthorityChange,
  root: RootIndex,
  { serial, revoked }: RevocationOrder,
): Promise<RevokedCertificate | null> {
  const record = root.intermediates.find((one) => one.serial === serial);
  if (record === undefined) return null;
  const { app } = record;
  const isOld = record.revoked !== null;
  if (!isOld) {
    // All certificates of a key go with one of them: they are good for the same signatures.
    const intermediates = root.intermediates.map((one) =>
      isSameApp(one.app, app) && one.keyNumber === record.keyNumber && one.revoked === null
        ? { ...one, revoked }
        : one
    );
    await files.saveRoot({ ...root, intermediates, revocations: stale(root.revocations) });
  }
  return { app, serial, kind: "intermediate", isOld };
}

async function revokeIssued(
  { files }: AuthorityChange,
  { serial, revoked }: RevocationOrder,
): Promise<RevokedCertificate | null> {
  for (const index of await files.loadApps()) {
    const record = index.issued.find((one) => one.serial === serial);
    if (record === undefined) continue;
    const isOld = record.revoked !== null;
    if (!isOld) {
      const issued = index.issued.map((one) => one === record ? { ...one, revoked } : one);
      await files.saveApp({ ...index, issued, revocations: stale(index.revocations) });
    }
    return { app: index.app, serial, kind: "certificate", isOld };
  }
  return null;
}

function stale(list: SignedList | null): SignedList | null {
  return list === null ? null : { ...list, isStale: true };
}

/** Signs the list of an app, unless the one that there is will do, and saves it. */
export async function signAppList(
  { files, nowMs }: AuthorityChange,
  { root, app, key, issuer }: ReadyIntermediate,
): Promise<SignedList> {
  const last = app.revocations;
  if (isFresh(last, { nowMs, keyNumber: key.number })) return last;
  const revoked = revokedOf(root, app);
  const list = await sign(issuer, { last, nowMs, keyNumber: key.number, revoked });
  await files.saveApp({ ...app, revocations: list });
  return list;
}

/** Signs the list of the root, unless the one that there is will do, and saves it. */
export async function signRootList(change: AuthorityChange, root: RootIndex): Promise<SignedList> {
  const { files, nowMs } = change;
  const last = root.revocations;
  if (isFresh(last, { nowMs, keyNumber: 1 })) return last;
  const issuer = await change.rootIssuer(root);
  const revoked = revokedIntermediates(root);
  const list = await sign(issuer, { last, nowMs, keyNumber: 1, revoked });
  await files.saveRoot({ ...root, revocations: list });
  return list;
}

interface ListOrder {
  readonly last: SignedList | null;
  readonly nowMs: number;
  readonly keyNumber: number;
  readonly revoked: readonly RevokedSerial[];
}

async function sign(
  issuer: Issuer,
  { last, nowMs, keyNumber, revoked }: ListOrder,
): Promise<SignedList> {
  const number = (last?.number ?? 0) + 1;
  const times = { thisUpdateMs: nowMs, nextUpdateMs: nowMs + REVOCATIONS_LIFETIME_MS };
  const der = await writeRevocationList(issuer, { number, ...times, revoked });
  return { keyNumber, number, ...times, isStale: false, der };
}
