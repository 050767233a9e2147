/**
 * `fluxvault-keeper plugin push`: puts a plugin into the agents in reach.
 *
 * @module
 */
import { type Bytes, ConfigError, type StatementSigner } from "../../../protocol/mod.ts";
import { type CommandContext, printableJson } from "../../../protocol/host/mod.ts";
import type { PLUGIN_PUSH_OPTIONS } from "../../plugin_fleet_options.ts";
import { agentMembers, endMembers } from "../calls/call_json.ts";
import type { CallRound, RoundReport } from "../calls/call_round.ts";
import {
  type PluginFile,
  readFileOperand,
  readPluginFile,
  readSignatureOf,
} from "./plugin_file.ts";
import {
  callPluginAction,
  formatPluginRound,
  membersOf,
  openPluginRound,
  statusOfPlugins,
  textIn,
} from "./plugin_round.ts";
import { signPluginPackage } from "./plugin_signature.ts";

const ACTION = "plugin-put";
const PIECE_BYTES = 65_536;
const SIGN_HINT =
  "Sign it: fluxvault-keeper plugin sign FILE --zelid ADDRESS; or add --zelid here.";

/** Puts the package that is named into every agent that is meant. */
export async function pushPlugin(
  context: CommandContext<typeof PLUGIN_PUSH_OPTIONS>,
): Promise<number> {
  const { settings: { json, timeoutMs }, stdout, signal } = context;
  const path = readFileOperand(context, "package of a plugin");
  const file = await readPluginFile(path);
  const { bytes, plugin: { manifest: { name, version, side } } } = file;
  if (side !== "agent") {
    throw new ConfigError(`${JSON.stringify(path)} is a plugin of the ${side}, and not of agents`, {
      hint: "Give it to a keeper; or build it with Side agent.",
    });
  }
  const given = await readSignatureOf(path);
  const round = await openPluginRound(context, "plugin push");
  const signatures = given === null ? await signForApps(round, file) : null;
  const report = await callPluginAction(round, {
    action: ACTION,
    input: { Name: name, Version: version },
    call: (desk, { app }) => {
      const signature = given ?? signatures?.get(app);
      if (signature === undefined) throw new TypeError("there is no signature for that app");
      const input = { Signature: signature, Size: bytes.length };
      const sent = { bytes: piecesOf(bytes), size: bytes.length };
      return desk.call(ACTION, { input, ...sent, timeoutMs, signal });
    },
  });
  await stdout.write(
    json ? formatJson(`${name} ${version}`, report) : formatText(`${name} ${version}`, report),
  );
  return statusOfPlugins(report);
}

/** Signs with the keys by which the keeper is known to the agents of each app. */
async function signForApps(
  { signers }: CallRound,
  { bytes, plugin: { manifest }, path }: PluginFile,
): Promise<ReadonlyMap<string | null, string>> {
  const byAddress = new Map<string, string>();
  const byApp = new Map<string | null, string>();
  for (const [app, signer] of signers) byApp.set(app, await sign(signer));
  return byApp;

  async function sign(signer: StatementSigner | null): Promise<string> {
    if (signer === null) {
      throw new ConfigError(`${JSON.stringify(path)} is not signed, and this keeper has no key`, {
        hint: SIGN_HINT,
      });
    }
    const signature = byAddress.get(signer.address) ??
      await signPluginPackage(signer, { bytes, manifest });
    byAddress.set(signer.address, signature);
    return signature;
  }
}

async function* piecesOf(bytes: Bytes): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    yield bytes.subarray(start, start + PIECE_BYTES);
  }
}

function formatText(plugin: string, report: RoundReport): string {
  return formatPluginRound(report, (output) => {
    const did = isUnchanged(output) ? "had it already" : "put in place";
    return `${did}, ${textIn(output, "State")}`;
  }, ({ done, of }) => `${plugin}: ${done} of ${of} have it`);
}

function formatJson(plugin: string, report: RoundReport): string {
  const { agents, problems } = report;
  const lines = agents.map((agent) => ({
    type: "plugin-push",
    plugin,
    ...agentMembers(agent),
    ...endMembers(agent, (output) => {
      return { state: textIn(output, "State"), isUnchanged: isUnchanged(output) };
    }),
  }));
  const done = agents.filter(({ end }) => end?.kind === "answered").length;
  const summary = { type: "plugin-pushes", plugin, agents: agents.length, done, problems };
  return [...lines, summary].map((line) => `${printableJson(line)}\n`).join("");
}

function isUnchanged(output: unknown): boolean {
  return membersOf(output)["IsUnchanged"] === true;
}
