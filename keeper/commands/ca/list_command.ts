/**
 * `fluxvault-keeper ca list`: the certificates that were issued.
 *
 * @module
 */
import { type CommandContext, EXIT_DONE, formatTable } from "../../../protocol/host/mod.ts";
import { isSameApp } from "../../app_name.ts";
import { type ListedCertificate, renewalTime } from "../../authority/mod.ts";
import type { CERTIFICATES_OPTIONS } from "../../authority_options.ts";
import { type AuthorityParts, openToRead } from "./authority_desk.ts";

/** Lists certificates, in the order in which they were issued. */
export async function listCertificates(
  context: CommandContext<typeof CERTIFICATES_OPTIONS>,
  parts: AuthorityParts = {},
): Promise<number> {
  const { settings: { json, appName }, stdout } = context;
  const { authority } = await openToRead(context, parts);
  const nowMs = (parts.now ?? Date.now)();
  const shown = (await authority.list())
    .filter(({ app }) => appName === undefined || isSameApp(app, appName));
  if (json) {
    for (const certificate of shown) {
      await stdout.write(`${JSON.stringify(describe(certificate, nowMs))}\n`);
    }
  } else if (shown.length === 0) {
    const ofApp = appName === undefined ? "" : ` of the app ${appName}`;
    await stdout.write(`No certificate${ofApp} is on record in ${authority.where}.\n`);
  } else {
    await stdout.write(formatCertificates(shown, nowMs));
  }
  return EXIT_DONE;
}

/** Tells how a certificate stands: `valid`, `due` from two thirds of its life on, `expired`, `revoked`. */
function stateOf(certificate: ListedCertificate, nowMs: number): string {
  if (certificate.revoked !== null) return "revoked";
  if (certificate.notAfterMs <= nowMs) return "expired";
  return renewalTime(certificate) <= nowMs ? "due" : "valid";
}

function describe(certificate: ListedCertificate, nowMs: number) {
  const { serial, app, component, purpose, declared, usage, names, holder, revoked } = certificate;
  return {
    serial,
    app,
    component,
    purpose,
    name: declared,
    usage,
    names,
    fingerprint: holder,
    notBefore: new Date(certificate.notBeforeMs).toISOString(),
    notAfter: new Date(certificate.notAfterMs).toISOString(),
    state: stateOf(certificate, nowMs),
    revoked: revoked === null
      ? null
      : { at: new Date(revoked.revokedMs).toISOString(), reason: revoked.reason },
  };
}

function formatCertificates(certificates: readonly ListedCertificate[], nowMs: number): string {
  const rows = certificates.map((certificate) => {
    const { serial, app, component, purpose, names, notAfterMs } = certificate;
    return [
      serial,
      component === null ? app : `${app}/${component}`,
      purpose,
      stateOf(certificate, nowMs),
      new Date(notAfterMs).toISOString().slice(0, 16).replace("T", " "),
      names.join(", "),
    ];
  });
  const headings = ["SERIAL", "FOR", "PURPOSE", "STATE", "UNTIL (UTC)", "NAMES"];
  return formatTable(rows, { columns: headings.map((heading) => ({ heading })) });
}
