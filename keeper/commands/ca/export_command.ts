/**
 * `fluxvault-keeper ca export`: what others need to check certificates. No private key is in it.
 *
 * @module
 */
import { ConfigError } from "../../../protocol/mod.ts";
import { type CommandContext, EXIT_DONE } from "../../../protocol/host/mod.ts";
import { encodePem } from "../../../protocol/certificates/mod.ts";
import type { Authority } from "../../authority/mod.ts";
import type { EXPORT_OPTIONS } from "../../authority_options.ts";
import { checkApp } from "../../keys/mod.ts";
import {
  asOperator,
  type AuthorityParts,
  missingAuthority,
  openToSign,
  readSerial,
  writeOut,
} from "./authority_desk.ts";

/** What is wanted. */
interface ExportWish {
  readonly serial: string | null;
  readonly app: string | null;
}

/** Writes certificates or lists of revocations, in PEM. */
export async function exportPem(
  context: CommandContext<typeof EXPORT_OPTIONS>,
  parts: AuthorityParts = {},
): Promise<number> {
  const { settings: { what, appName, out, json }, stdout } = context;
  const serial = readSerial(context);
  const app = appName === undefined ? null : checkApp(appName);
  if (what !== "chain" && serial !== null) {
    throw new ConfigError("a serial number says whose --what chain is meant, and has no use here");
  }
  const { authority } = await openToSign(context, parts);
  const texts = await asOperator(() => read(authority, what, { serial, app }));
  if (json && out === undefined) await stdout.write(`${JSON.stringify({ what, pem: texts })}\n`);
  else await writeOut(context, texts.join(""), out);
  return EXIT_DONE;
}

async function read(
  authority: Authority,
  what: "root" | "chain" | "revocations",
  { serial, app }: ExportWish,
): Promise<readonly string[]> {
  const view = await authority.view();
  if (view === null) throw missingAuthority(authority);
  if (what === "root") return [encodePem("CERTIFICATE", view.root.root.certificate)];
  if (what === "chain" && serial !== null) return await authority.chainOf(serial);
  if (app === null) {
    throw new ConfigError("the app is missing", {
      setting: "--app-name",
      hint: what === "chain" ? "Name the app, or give a serial number." : "Name the app.",
    });
  }
  if (what === "chain") return await authority.chainOfApp(app);
  const lists = [await authority.revocationList(app), await authority.rootRevocationList()];
  if (lists[0] === null) throw new ConfigError(`nothing was issued for ${app} yet`);
  return lists.flatMap((list) => list === null ? [] : [encodePem("X509 CRL", list)]);
}
