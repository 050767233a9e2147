/**
 * `fluxvault-keeper ca issue` and `ca renew`: certificates that the operator asks for.
 *
 * @module
 */
import { type Bytes, ConfigError, isAppName } from "../../../protocol/mod.ts";
import { type CommandContext, EXIT_DONE, settingError } from "../../../protocol/host/mod.ts";
import type { IssuedCertificate, KeyUsage } from "../../authority/mod.ts";
import type { ISSUE_OPTIONS, RENEW_OPTIONS } from "../../authority_options.ts";
import { checkApp } from "../../keys/mod.ts";
import {
  asOperator,
  type AuthorityParts,
  openToSign,
  readInput,
  readSerial,
  writeOut,
} from "./authority_desk.ts";
import { readRequest } from "./request_file.ts";

type IssueContext = CommandContext<typeof ISSUE_OPTIONS>;
type RenewContext = CommandContext<typeof RENEW_OPTIONS>;

/** The longest request that is taken from standard input. */
const MAX_INPUT_BYTES = 65_536;

/** Issues a certificate. */
export async function issue(context: IssueContext, parts: AuthorityParts = {}): Promise<number> {
  const { settings, resolved } = context;
  const { purpose, component = null, lifetimeMs, names, allowedNames } = settings;
  const app = readApp(context);
  if (component !== null && !isAppName(component)) {
    throw settingError(resolved, { name: "component", problem: "is no name of a component" });
  }
  if (purpose === "agent") refuseTerms(context);
  const usage = readUsage(context);
  const request = await readRequestOf(context);
  const { authority } = await openToSign(context, parts);
  const application = { names, allowedNames, usage };
  const order = { app, component, purpose, request, lifetimeMs, application };
  const issued = await asOperator(() => authority.issue(order));
  await hand(context, issued);
  return EXIT_DONE;
}

/** Issues a certificate once more, or an intermediate. */
export async function renew(context: RenewContext, parts: AuthorityParts = {}): Promise<number> {
  const { settings: { appName, json }, stdout } = context;
  const serial = readSerial(context);
  if ((serial === null) === (appName === undefined)) {
    throw new ConfigError("either a serial number or an app is to be renewed", {
      hint: "Give a serial number of `ca list`, or --app-name for the app's intermediate.",
    });
  }
  const { authority } = await openToSign(context, parts);
  if (serial !== null) {
    await hand(context, await asOperator(() => authority.renew(serial)));
    return EXIT_DONE;
  }
  const app = checkApp(appName ?? "");
  const made = await asOperator(() => authority.renewIntermediate(app));
  await stdout.write(
    json
      ? `${JSON.stringify({ app, intermediate: made })}\n`
      : `${app} has the intermediate ${made}\n`,
  );
  return EXIT_DONE;
}

function readApp({ settings: { appName }, resolved }: IssueContext): string {
  if (appName !== undefined) return checkApp(appName);
  throw settingError(resolved, {
    name: "app-name",
    problem: "is missing: a certificate is for an app",
  });
}

function refuseTerms({ settings, resolved }: IssueContext): void {
  for (
    const [name, value] of Object.entries({
      usage: settings.usage,
      names: settings.names,
      "allowed-names": settings.allowedNames,
    })
  ) {
    if (value.length === 0) continue;
    throw settingError(resolved, {
      name,
      problem: "has no use with --purpose agent: the keeper decides what an agent is called",
    });
  }
}

function readUsage({ settings: { usage }, resolved }: IssueContext): readonly KeyUsage[] {
  const words = usage.length === 0 ? ["server", "client"] : usage;
  return words.map((word) => {
    if (word === "server" || word === "client") return word;
    throw settingError(resolved, { name: "usage", problem: "must be server, client, or both" });
  });
}

async function readRequestOf({ settings, resolved, stdin, signal }: IssueContext): Promise<Bytes> {
  const { request } = settings;
  if (request === undefined) {
    throw settingError(resolved, {
      name: "request",
      problem: "is missing: the file with the request (PKCS#10)",
      hint: "The private key is made where it is used, and stays there.",
    });
  }
  const bytes = request === "-"
    ? await stdin.readAll({ maxBytes: MAX_INPUT_BYTES, signal })
    : await readInput(request);
  return readRequest(bytes, request === "-" ? "standard input" : request);
}

/** Writes a chain to where it was asked for, and tells of it where that was elsewhere. */
async function hand(
  context: IssueContext | RenewContext,
  issued: IssuedCertificate,
): Promise<void> {
  const { settings: { json, out }, stdout, stderr } = context;
  const { serial, names, chain, root } = issued;
  const notAfter = new Date(issued.notAfterMs).toISOString();
  const renewAt = new Date(issued.renewAtMs).toISOString();
  const told = { serial, names, notAfter, renewAt };
  if (out !== undefined) await writeOut(context, chain.join(""), out);
  if (json) {
    const rest = out === undefined ? { chain, root } : { out };
    return await stdout.write(`${JSON.stringify({ ...told, ...rest })}\n`);
  }
  if (out === undefined) await stdout.write(chain.join(""));
  await (out === undefined ? stderr : stdout).write(
    `issued ${serial} for ${
      names.join(", ")
    }\nvalid until ${notAfter}; renew it from ${renewAt} on\n`,
  );
}
