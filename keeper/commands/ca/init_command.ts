/**
 * `fluxvault-keeper ca init`: the certificate authority of a keeper is made.
 *
 * @module
 */
import { type CommandContext, EXIT_DONE } from "../../../protocol/host/mod.ts";
import type { INIT_OPTIONS } from "../../authority_options.ts";
import { asOperator, type AuthorityParts, openToSign } from "./authority_desk.ts";
import { tellOfAuthority } from "./show_command.ts";

/** Makes the authority, where there is none, and shows it. */
export async function initAuthority(
  context: CommandContext<typeof INIT_OPTIONS>,
  parts: AuthorityParts = {},
): Promise<number> {
  const { stderr, settings: { keyType } } = context;
  const desk = await openToSign(context, { ...parts, type: keyType });
  const isNew = await asOperator(() => desk.authority.init());
  await tellOfAuthority(context, desk);
  if (!isNew) await stderr.write("It was there already; nothing was changed.\n");
  return EXIT_DONE;
}
