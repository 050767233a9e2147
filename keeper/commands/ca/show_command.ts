/**
 * `fluxvault-keeper ca show`: what there is to know of the authority, which is no secret.
 *
 * @module
 */
import { encodeHex, sha256Digest } from "../../../protocol/mod.ts";
import { type CommandContext, EXIT_DONE, formatTable } from "../../../protocol/host/mod.ts";
import type { AuthorityView } from "../../authority/mod.ts";
import {
  type AuthorityContext,
  type AuthorityDesk,
  type AuthorityParts,
  missingAuthority,
  openToRead,
} from "./authority_desk.ts";

/** Shows the root and the intermediates. */
export async function showAuthority(
  context: AuthorityContext,
  parts: AuthorityParts = {},
): Promise<number> {
  await tellOfAuthority(context, await openToRead(context, parts), parts.now);
  return EXIT_DONE;
}

/**
 * Shows an authority, as a person reads it or as a line of JSON.
 *
 * @throws {ConfigError} where there is none.
 */
export async function tellOfAuthority(
  { settings, stdout }: Pick<CommandContext, "stdout"> & {
    readonly settings: { readonly json: boolean };
  },
  { authority, ring }: AuthorityDesk,
  now: () => number = Date.now,
): Promise<void> {
  const view = await authority.view();
  if (view === null) throw missingAuthority(authority);
  const described = await describe(view, now());
  if (settings.json) return await stdout.write(`${JSON.stringify(described)}\n`);
  const secret = await ring.find({ kind: "authority", name: view.root.id });
  const lines = [
    `authority    ${described.authority}`,
    `subject      ${described.subject}`,
    `fingerprint  ${described.fingerprint}`,
    `valid        ${dayOf(described.notBefore)} to ${dayOf(described.notAfter)}`,
    `keys         ${described.keyType}, encrypted, in ${authority.where}`,
    `secret       ${secret === null ? "not among the stored ones" : `in ${ring.where(secret)}`}`,
  ];
  await stdout.write(lines.map((line) => `${line}\n`).join(""));
  if (described.apps.length > 0) await stdout.write(`\n${formatApps(described.apps)}`);
}

interface DescribedApp {
  readonly app: string;
  readonly intermediate: string | null;
  readonly notAfter: string | null;
  readonly permittedNames: readonly string[];
  readonly allowedNames: readonly string[];
  readonly valid: number;
  readonly revoked: number;
}

async function describe({ root, apps }: AuthorityView, nowMs: number) {
  const { serial, notBeforeMs, notAfterMs, certificate } = root.root;
  return {
    authority: root.id,
    subject: `O=FluxVault, CN=FluxVault root ${root.id}`,
    serial,
    fingerprint: formatFingerprint(await sha256Digest(certificate)),
    keyType: root.type,
    notBefore: new Date(notBeforeMs).toISOString(),
    notAfter: new Date(notAfterMs).toISOString(),
    apps: apps.map((app): DescribedApp => {
      const intermediate = app.keys.at(-1)?.certificates.at(-1) ?? null;
      const live = app.issued.filter((issued) => issued.notAfterMs > nowMs);
      const revoked = live.filter((issued) => issued.revoked !== null).length;
      return {
        app: app.app,
        intermediate: intermediate?.serial ?? null,
        notAfter: intermediate === null ? null : new Date(intermediate.notAfterMs).toISOString(),
        permittedNames: intermediate?.permitted ?? [],
        allowedNames: app.allowed,
        valid: live.length - revoked,
        revoked,
      };
    }),
  };
}

function formatApps(apps: readonly DescribedApp[]): string {
  const rows = apps.map(({ app, intermediate, notAfter, valid, revoked, allowedNames }) => [
    app,
    intermediate ?? "-",
    notAfter === null ? "-" : dayOf(notAfter),
    String(valid),
    String(revoked),
    allowedNames.length === 0 ? "-" : allowedNames.join(", "),
  ]);
  return formatTable(rows, {
    columns: [
      { heading: "APP" },
      { heading: "INTERMEDIATE" },
      { heading: "UNTIL" },
      { heading: "VALID", align: "right" },
      { heading: "REVOKED", align: "right" },
      { heading: "ALLOWED NAMES" },
    ],
  });
}

/** Writes a fingerprint as OpenSSL does. */
export function formatFingerprint(digest: Uint8Array): string {
  return encodeHex(digest).toUpperCase().match(/../g)?.join(":") ?? "";
}

function dayOf(time: string): string {
  return time.slice(0, 10);
}
