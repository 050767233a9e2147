/**
 * The options of `ca`, as data.
 *
 * @module
 */
import { defineOptions } from "../protocol/host/mod.ts";
import { APP_NAME, AUDIT_LOG, KEY_STORE, STATE_DIR } from "./options.ts";

const CERTIFICATE = "Certificate";
const AUTHORITY = "Authority";

const FOLDER = {
  ...STATE_DIR,
  group: AUTHORITY,
  help: "The folder in which the authority is kept, with the list of keys; " +
    "$XDG_STATE_HOME/fluxvault where it is not given.",
} as const;

const OUT = {
  name: "out",
  kind: "path",
  metavar: "FILE",
  sources: ["flag"],
  group: CERTIFICATE,
  help: "The file to write to, for everybody to read; standard output where it is not given.",
} as const;

/** The options of `ca show`. */
export const AUTHORITY_OPTIONS = defineOptions([FOLDER]);

/** The options of `ca list`. */
export const CERTIFICATES_OPTIONS = defineOptions([
  { ...APP_NAME, aliases: ["app"], group: CERTIFICATE, help: "Only certificates of this app." },
  FOLDER,
]);

/** What the commands have in common that sign. */
const SIGN_OPTIONS = defineOptions([
  { ...KEY_STORE, group: AUTHORITY },
  FOLDER,
  AUDIT_LOG,
]);

/** The options of `ca init`. */
export const INIT_OPTIONS = defineOptions([
  {
    name: "key-type",
    kind: "choice",
    choices: ["P-256", "Ed25519"],
    default: "P-256",
    sources: ["flag"],
    group: AUTHORITY,
    help: "The kind of the authority's own keys. Browsers and Java before 15 take P-256 alone.",
  },
  ...SIGN_OPTIONS,
]);

/** The options of `ca revoke`. */
export const REVOKE_OPTIONS = defineOptions([
  {
    name: "reason",
    kind: "choice",
    choices: [
      "unspecified",
      "key-compromise",
      "ca-compromise",
      "affiliation-changed",
      "superseded",
      "cessation-of-operation",
      "privilege-withdrawn",
    ],
    default: "unspecified",
    sources: ["flag"],
    group: CERTIFICATE,
    help: "Why, for the list of revocations.",
  },
  ...SIGN_OPTIONS,
]);

/** The options of `ca renew`. */
export const RENEW_OPTIONS = defineOptions([
  {
    ...APP_NAME,
    aliases: ["app"],
    group: CERTIFICATE,
    help: "The app whose intermediate is renewed, where no serial number is given.",
  },
  OUT,
  ...SIGN_OPTIONS,
]);

/** The options of `ca export`. */
export const EXPORT_OPTIONS = defineOptions([
  {
    name: "what",
    kind: "choice",
    choices: ["root", "chain", "revocations"],
    default: "root",
    sources: ["flag"],
    group: CERTIFICATE,
    help: "The root; the chain of the certificate whose serial number is given, or of the app's " +
      "intermediate; or the lists of what was revoked, of the app and of the root.",
  },
  {
    ...APP_NAME,
    aliases: ["app"],
    group: CERTIFICATE,
    help: "The app whose chain or revocations are meant.",
  },
  OUT,
  ...SIGN_OPTIONS,
]);

/** The options of `ca issue`. */
export const ISSUE_OPTIONS = defineOptions([
  {
    name: "request",
    kind: "path",
    metavar: "FILE|-",
    sources: ["flag"],
    group: CERTIFICATE,
    help: "The request (PKCS#10, in PEM or DER) whose public key is certified; - is standard " +
      "input. Nothing else of it counts.",
  },
  {
    ...APP_NAME,
    aliases: ["app"],
    group: CERTIFICATE,
    help: "The app that the certificate is for.",
  },
  {
    name: "component",
    kind: "text",
    metavar: "NAME",
    sources: ["flag"],
    group: CERTIFICATE,
    help: "The component that the certificate is for; none for an app without components.",
  },
  {
    name: "purpose",
    kind: "choice",
    choices: ["application", "agent"],
    default: "application",
    sources: ["flag"],
    group: CERTIFICATE,
    help: "What it is for: an application, or an agent to be known by its keeper.",
  },
  {
    name: "usage",
    kind: "list",
    metavar: "server|client,...",
    sources: ["flag"],
    group: CERTIFICATE,
    help: "What an application does with it; both where it is not given.",
  },
  {
    name: "names",
    kind: "list",
    metavar: "HOST|ADDRESS,...",
    sources: ["flag"],
    group: CERTIFICATE,
    help: "The names that an application's certificate carries; those of its container where " +
      "they are not given.",
  },
  {
    name: "allowed-names",
    kind: "list",
    metavar: "HOST|ADDRESS,...",
    sources: ["flag"],
    group: CERTIFICATE,
    help: "Names that the app may carry from now on beside those of its containers, each with " +
      "what is below it.",
  },
  {
    name: "lifetime",
    kind: "seconds",
    min: 60,
    max: 7_776_000,
    default: 2_592_000,
    sources: ["flag"],
    group: CERTIFICATE,
    help: "How long it is valid, at most 90 days.",
  },
  OUT,
  ...SIGN_OPTIONS,
]);
