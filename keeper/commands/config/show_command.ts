/**
 * `fluxvault-keeper config show`: what each component is to hold, and where that is written.
 *
 * @module
 */
import { ConfigError } from "../../../protocol/mod.ts";
import type { Hook, Service } from "../../../protocol/mod.ts";
import { EXIT_DONE, formatTable, sanitiseText, suggestName } from "../../../protocol/host/mod.ts";
import { formatAgentAddress } from "../../fleet/agent_address.ts";
import { type AppLoadout, findApp, type Loadout, openLoadout } from "../../loadout/mod.ts";
import type { ApplicationCertificate } from "../../vault/application_certificate.ts";
import type { Declaration } from "../../vault/declaration.ts";
import { requireLoadout, tellWarnings } from "../selected_loadout.ts";
import { type ConfigContext, readOperand } from "./app_record.ts";

/** What is shown: an app, and which of its components; `null` is every other agent. */
interface Choice {
  readonly app: AppLoadout;
  readonly components: readonly (string | null)[];
}

/** Shows what a loadout comes to. */
export async function run(context: ConfigContext): Promise<number> {
  const { settings, stdout, logger } = context;
  const operand = readOperand(context);
  const { loadout } = await openLoadout(await requireLoadout(context));
  const choices = operand === undefined
    ? loadout.apps.map(everything)
    : [chooseFrom(loadout, operand)];
  if (!settings.json) tellWarnings(logger, loadout.warnings);
  const texts = choices.map(settings.json ? formatJson : formatApp);
  await stdout.write(texts.join(settings.json ? "" : "\n"));
  return EXIT_DONE;
}

function everything(app: AppLoadout): Choice {
  return { app, components: [...app.components, null] };
}

function chooseFrom(loadout: Loadout, operand: string): Choice {
  const [name = "", component, ...rest] = operand.split("/");
  const form = "Write APP or APP/COMPONENT; the file of the loadout is named with --loadout.";
  if (rest.length > 0 || component === "") {
    throw new ConfigError(`${JSON.stringify(operand)} names no app or component`, { hint: form });
  }
  const app = findApp(loadout, name);
  if (app === undefined) {
    const apps = loadout.apps.map((one) => one.app);
    const close = suggestName(name, apps);
    throw new ConfigError(`the loadout ${loadout.path} has no app ${JSON.stringify(name)}`, {
      hint: close === null ? `Its apps are: ${apps.join(", ")}. ${form}` : `Did you mean ${close}?`,
    });
  }
  if (component === undefined) return everything(app);
  const known = app.components.find((one) => one.toLowerCase() === component.toLowerCase());
  if (known !== undefined) return { app, components: [known] };
  const close = suggestName(component, app.components);
  throw new ConfigError(`${app.app} names no component ${JSON.stringify(component)}`, {
    hint: close === null
      ? `It names: ${app.components.join(", ") || "none"}. What every other agent gets is shown ` +
        `with: config show ${app.app}.`
      : `Did you mean ${close}?`,
  });
}

/** An entry as JSON; the members are stable and described in the README of the loadout. */
function describeEntry(declaration: Declaration) {
  const { source, target, strategy, mode, folderMode, uid, gid, requires, hook } = declaration;
  const { together, leaseS, readers, inPlace, symlinks, compress, issued, origin } = declaration;
  return {
    target,
    source: issued === undefined ? source : null,
    certificate: issued?.certificate ?? null,
    part: issued?.part ?? null,
    strategy,
    mode: octal(mode),
    folderMode: octal(folderMode),
    uid: uid ?? null,
    gid: gid ?? null,
    requires: requires ?? null,
    hook: hook ?? null,
    together: together ?? false,
    leaseS: leaseS ?? null,
    readers: readers ?? null,
    inPlace: inPlace ?? false,
    symlinks,
    compress: compress ?? false,
    origin: origin ?? null,
  };
}

function formatJson({ app, components }: Choice): string {
  const entries = components.flatMap((component) => {
    return app.declarationsOf(component).map((declaration) => {
      return { app: app.app, component, ...describeEntry(declaration) };
    });
  });
  return entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
}

const LABEL_WIDTH = 20;

function formatApp({ app, components }: Choice): string {
  const lines = settingsOf(app).map(([label, text]) => {
    return `  ${label.padEnd(LABEL_WIDTH)}${sanitiseText(text)}\n`;
  });
  const parts = components.map((component) => {
    const declarations = app.declarationsOf(component);
    const heading = component === null
      ? app.components.length === 0 ? "every agent" : "every other agent"
      : `component ${component}`;
    const table = declarations.length === 0 ? "nothing\n" : formatEntries(declarations);
    const services = app.servicesOf(component).map(({ name }) => name);
    const runs = services.length === 0 ? "" : `services: ${services.join(", ")}\n`;
    return `\n${heading}\n${indent(table + runs)}`;
  });
  return `${app.app} (${sanitiseText(app.origin)})\n${lines.join("")}${parts.join("")}`;
}

function indent(text: string): string {
  return text.replaceAll(/^(?=.)/gm, "  ");
}

function settingsOf(app: AppLoadout): [label: string, text: string][] {
  const { agents, fluxApi, port, wire, trust, firstUseLimit, signWith } = app;
  const { pollingIntervalS, discoveryIntervalS, hooks, certificates, services } = app;
  const given = (label: string, value: string | number | undefined, unit = "") => {
    return value === undefined ? [] : [[label, `${value}${unit}`] as [string, string]];
  };
  return [
    ["vault", app.vaultFolder],
    agents === null
      ? ["agents", `those that the Flux API lists, port ${port}`]
      : ["agents", agents.map(formatAgentAddress).join(", ")],
    ...given("flux_api", fluxApi.join(", ") || undefined),
    ...given("wire", wire.join(", ") || undefined),
    ...given("trust", trust),
    ...given("first_use_limit", firstUseLimit),
    ...given("sign_with", signWith),
    ...given("polling_interval", pollingIntervalS, " s"),
    ...given("discovery_interval", discoveryIntervalS, " s"),
    ...hooks.map((hook): [string, string] => [`hook ${hook.name}`, describeHook(hook)]),
    ...certificates.map((one): [string, string] => {
      return [`certificate ${one.name}`, describeCertificate(one)];
    }),
    ...services.map((one): [string, string] => [`service ${one.name}`, describeService(one)]),
  ];
}

function describeCertificate({ names, usage, key, lifetimeS }: ApplicationCertificate): string {
  const whose = names === null ? "the names of the container" : names.join(", ");
  return `${whose}; ${usage.join(" and ")}, ${key}, ${lifetimeS} s`;
}

function describeService({ command, restart, variables, fileVariables }: Service): string {
  // The values are left out: they are for the program.
  const names = [...variables.keys(), ...fileVariables.keys()];
  const given = names.length === 0 ? "" : `, given ${names.join(" ")}`;
  return `run ${JSON.stringify(command)}, restart ${restart}${given}`;
}

function describeHook({ action, timeoutS }: Hook): string {
  switch (action.kind) {
    case "touch":
      return `touch ${action.path}`;
    case "run":
      return `run ${JSON.stringify(action.command)}, at most ${timeoutS} s`;
    case "signal":
      return `${action.signal} to ` +
        (action.pidFile === null ? "the application" : `the process of ${action.pidFile}`);
  }
}

/** Writes entries as a table, without the columns that say nothing. */
function formatEntries(declarations: readonly Declaration[]): string {
  const all: readonly [heading: string, cell: (declaration: Declaration) => string][] = [
    ["TARGET", ({ target }) => target],
    ["SOURCE", sourceOf],
    ["STRATEGY", ({ strategy }) => strategy],
    ["MODE", modesOf],
    ["OWNER", ownerOf],
    ["REQUIRES", ({ requires }) => requires ?? ""],
    ["HOOK", ({ hook }) => hook ?? ""],
    ["ALSO", extrasOf],
    ["FROM", ({ origin }) => origin ?? ""],
  ];
  const shown = all.filter(([, cell]) => declarations.some((one) => cell(one) !== ""));
  const rows = declarations.map((one) => shown.map(([, cell]) => cell(one) || "-"));
  return formatTable(rows, { columns: shown.map(([heading]) => ({ heading })) });
}

function sourceOf({ source, issued }: Declaration): string {
  if (issued === undefined) return source;
  const { certificate, part } = issued;
  return part === null ? `certificate ${certificate}` : `${part} of certificate ${certificate}`;
}

function octal(mode: number | undefined): string | null {
  return mode === undefined ? null : `0${mode.toString(8).padStart(3, "0")}`;
}

function modesOf({ mode, folderMode }: Declaration): string {
  const folders = folderMode === undefined ? [] : [`folders ${octal(folderMode)}`];
  return [...mode === undefined ? [] : [octal(mode)], ...folders].join(", ");
}

function ownerOf({ uid, gid }: Declaration): string {
  return uid === undefined && gid === undefined ? "" : `${uid ?? "-"}:${gid ?? "-"}`;
}

function extrasOf(
  { together, leaseS, readers, inPlace, symlinks, compress }: Declaration,
): string {
  return [
    ...together ? ["together"] : [],
    ...leaseS === undefined ? [] : [`lease ${leaseS} s`],
    ...readers === undefined ? [] : [`read by ${readers.join(" and ") || "nobody"}`],
    ...inPlace ? ["in_place"] : [],
    ...symlinks === "copy" ? ["symlinks copied"] : [],
    ...compress ? ["compressed"] : [],
  ].join(", ");
}
