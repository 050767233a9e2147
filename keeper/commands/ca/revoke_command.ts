/**
 * `fluxvault-keeper ca revoke`: a certificate counts no more.
 *
 * @module
 */
import { ConfigError } from "../../../protocol/mod.ts";
import { type CommandContext, EXIT_DONE } from "../../../protocol/host/mod.ts";
import type { REVOKE_OPTIONS } from "../../authority_options.ts";
import { asOperator, type AuthorityParts, openToSign, readSerial } from "./authority_desk.ts";

/** Revokes a certificate. */
export async function revoke(
  context: CommandContext<typeof REVOKE_OPTIONS>,
  parts: AuthorityParts = {},
): Promise<number> {
  const { settings: { json, reason }, stdout, stderr } = context;
  const serial = readSerial(context);
  if (serial === null) {
    throw new ConfigError("the serial number is missing", {
      hint: "fluxvault-keeper ca list shows those of certificates, ca show those of intermediates.",
    });
  }
  const { authority } = await openToSign(context, parts);
  const { app, kind, isOld } = await asOperator(() => authority.revoke(serial, { reason }));
  if (json) {
    await stdout.write(`${JSON.stringify({ deed: "revoked", app, serial, kind, isOld })}\n`);
  } else if (isOld) await stdout.write(`${serial} of ${app} was revoked before\n`);
  else {
    const what = kind === "intermediate"
      ? `the intermediate ${serial} of ${app}, and all that it vouches for`
      : `${serial} of ${app}`;
    await stdout.write(`revoked ${what}\n`);
    await stderr.write(
      "Agents learn of it at their next contact with a running keeper. Whoever else checks\n" +
        `certificates of ${app} needs the new list: ca export --what revocations --app-name ${app}\n`,
    );
  }
  return EXIT_DONE;
}
