/** Agents in this process that answer what is called of plugins, and a keeper's commands on them. */
import { encodePluginPackage, type PluginManifest } from "../../../../protocol/plugins/mod.ts";
import { type Action, CallError, openActionRegister } from "../../../../protocol/mod.ts";
import type { ProgramRun } from "../../../support/program.ts";
import { FleetSite, type SiteAgent } from "../fleet_site.ts";
import { GREETER, GREETER_CODE } from "../../../support/played_plugins.ts";

/** A signature that nobody made. */
export const SIGNATURE = `${"A".repeat(87)}=`;

/** What an agent answers to each action: a value, or an error. */
export type Answers = Readonly<Record<string, unknown>>;

/** A fleet with what it was asked. */
export interface PushedFleet extends AsyncDisposable {
  /** Its agents. */
  readonly agents: readonly SiteAgent[];
  /** What was asked: the action, its input, and how many bytes came with it. */
  readonly asked: unknown[];
  /** Runs a command of `plugin`. */
  plugin(...words: readonly string[]): Promise<ProgramRun>;
  /** Writes a package; returns where it is. */
  write(manifest?: Partial<PluginManifest>, signature?: string | null): Promise<string>;
  /** Returns a path in the folder. */
  path(name: string): string;
}

/** Opens a fleet with an agent for each set of answers, all of which the keeper knows. */
export async function openPushedFleet(...answers: readonly Answers[]): Promise<PushedFleet> {
  const site = await FleetSite.open({ a: "1" });
  const asked: unknown[] = [];
  const agents: SiteAgent[] = [];
  for (const [index, each] of answers.entries()) {
    const actions = Object.entries(each).map(([name, answer]): Action => ({
      name,
      run: async ({ stream }, input) => {
        let bytes = 0;
        for await (const piece of stream ?? []) bytes += piece.length;
        asked.push([name, input, bytes]);
        if (answer instanceof CallError) throw answer;
        return answer;
      },
    }));
    const calls = { source: openActionRegister({ actions }) };
    agents.push(await site.add({ app: "shop", component: `c${index + 1}`, calls }));
  }
  await site.run(["--run-once", "--app-name", "shop", ...site.deliveryOf(agents, "a")]);
  const fleet = ["--app-name", "shop", "--agent-ips", agents.map(({ address }) => address).join()];
  return {
    agents,
    asked,
    plugin: (...words) => site.run(["plugin", ...words, ...fleet]),
    path: (name) => site.path(name),
    write: async (manifest = {}, signature = SIGNATURE) => {
      const path = site.path("greeter.plugin");
      const bytes = encodePluginPackage({
        manifest: { ...GREETER, ...manifest },
        code: GREETER_CODE,
      });
      await Deno.writeFile(path, bytes);
      if (signature !== null) await Deno.writeTextFile(`${path}.sig`, `${signature}\n`);
      return path;
    },
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}
