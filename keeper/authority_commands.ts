/**
 * The commands about the keeper's certificate authority, as data.
 *
 * @module
 */
import { type Command, defineCommand } from "../protocol/host/mod.ts";
import {
  AUTHORITY_OPTIONS,
  CERTIFICATES_OPTIONS,
  EXPORT_OPTIONS,
  INIT_OPTIONS,
  ISSUE_OPTIONS,
  RENEW_OPTIONS,
  REVOKE_OPTIONS,
} from "./authority_options.ts";

/** The commands about certificates. */
export const AUTHORITY_COMMANDS: readonly Command[] = [
  defineCommand({
    path: ["ca", "init"],
    summary: "Makes the certificate authority of this keeper; else the first certificate does.",
    options: INIT_OPTIONS,
    load: async () => ({ run: (await import("./commands/ca/init_command.ts")).initAuthority }),
  }),
  defineCommand({
    path: ["ca", "show"],
    summary: "Shows the root and the intermediates: fingerprints, dates, names; no secret.",
    options: AUTHORITY_OPTIONS,
    load: async () => ({ run: (await import("./commands/ca/show_command.ts")).showAuthority }),
  }),
  defineCommand({
    path: ["ca", "list"],
    summary: "Lists the certificates that were issued, until a week after their end.",
    options: CERTIFICATES_OPTIONS,
    load: async () => ({ run: (await import("./commands/ca/list_command.ts")).listCertificates }),
  }),
  defineCommand({
    path: ["ca", "issue"],
    summary: "Issues a certificate for the key of a request, and writes its chain.",
    options: ISSUE_OPTIONS,
    load: async () => ({ run: (await import("./commands/ca/issue_command.ts")).issue }),
  }),
  defineCommand({
    path: ["ca", "renew"],
    summary:
      "Issues a certificate once more, for the same key; or an intermediate, with --app-name.",
    operands: "[SERIAL]",
    options: RENEW_OPTIONS,
    load: async () => ({ run: (await import("./commands/ca/issue_command.ts")).renew }),
  }),
  defineCommand({
    path: ["ca", "revoke"],
    summary: "Revokes a certificate, or an intermediate with all that it vouches for.",
    operands: "SERIAL",
    options: REVOKE_OPTIONS,
    load: async () => ({ run: (await import("./commands/ca/revoke_command.ts")).revoke }),
  }),
  defineCommand({
    path: ["ca", "export"],
    summary: "Writes the root, a chain, or what was revoked, in PEM; never a private key.",
    operands: "[SERIAL]",
    options: EXPORT_OPTIONS,
    load: async () => ({ run: (await import("./commands/ca/export_command.ts")).exportPem }),
  }),
];
