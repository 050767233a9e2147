/**
 * Which certificates of an app count no more, and which the list of them still has to name.
 *
 * @module
 */
import type { AppIndex, IssuedRecord } from "./state/app_index.ts";
import { isKeyRevoked } from "./authority_change.ts";
import type { Revocation, SignedList } from "./state/index_members.ts";
import { MAX_LIVE_OF_HOLDER, RECORD_KEPT_MS, REVOCATIONS_RENEWAL_MS } from "./limits.ts";
import type { RevokedSerial } from "./certificates/revocation_list.ts";
import type { RootIndex } from "./state/root_index.ts";

/** Returns whether a certificate was revoked, by itself or with the intermediate that issued it. */
export function revocationOf(
  root: RootIndex,
  app: AppIndex,
  record: IssuedRecord,
): Revocation | null {
  if (record.revoked !== null || !isKeyRevoked(root, app, record.keyNumber)) return record.revoked;
  const times = root.intermediates.flatMap(({ keyNumber, revoked }) =>
    keyNumber === record.keyNumber && revoked !== null ? [revoked.revokedMs] : []
  );
  return { revokedMs: Math.min(...times), reason: "ca-compromise" };
}

/** Returns what a list has to name of the certificates of an app. */
export function revokedOf(root: RootIndex, app: AppIndex): readonly RevokedSerial[] {
  return app.issued.flatMap((record) => {
    const revocation = revocationOf(root, app, record);
    if (revocation === null || !isToBeNamed(record.notAfterMs, app.revocations)) return [];
    return [{ serial: record.serial, ...revocation }];
  });
}

/** Returns what a list has to name of the intermediates. */
export function revokedIntermediates({ intermediates, revocations }: RootIndex) {
  return intermediates.flatMap(({ serial, notAfterMs, revoked }): readonly RevokedSerial[] =>
    revoked === null || !isToBeNamed(notAfterMs, revocations) ? [] : [{ serial, ...revoked }]
  );
}

/** It is named until a list was made after its end (RFC 5280, section 3.3). */
function isToBeNamed(notAfterMs: number, last: SignedList | null): boolean {
  return last === null || notAfterMs >= last.thisUpdateMs;
}

/** Tells whether a list can be given out as it is. */
export function isFresh(
  list: SignedList | null,
  { nowMs, keyNumber }: { readonly nowMs: number; readonly keyNumber: number },
): list is SignedList {
  return list !== null && !list.isStale && list.keyNumber === keyNumber &&
    nowMs - list.thisUpdateMs < REVOCATIONS_RENEWAL_MS && nowMs >= list.thisUpdateMs;
}

/**
 * Forgets certificates that ended a week ago, and of one agent the oldest of very many that ended, once
 * no list has to name them.
 */
export function forgetEnded(app: AppIndex, nowMs: number): AppIndex {
  const ended = new Map<string, number>();
  const isKept = (record: IssuedRecord): boolean => {
    const { revoked, notAfterMs, holder, purpose, declared } = record;
    if (revoked !== null && isToBeNamed(notAfterMs, app.revocations)) return true;
    if (notAfterMs < nowMs - RECORD_KEPT_MS) return false;
    if (holder === null || notAfterMs > nowMs) return true;
    const kind = JSON.stringify([holder, purpose, declared]);
    const count = (ended.get(kind) ?? 0) + 1;
    ended.set(kind, count);
    return count <= MAX_LIVE_OF_HOLDER;
  };
  const issued = app.issued.toReversed().filter(isKept).toReversed();
  return issued.length === app.issued.length ? app : { ...app, issued };
}
