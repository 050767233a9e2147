/** Packages of plugins as a test wants them. */
import {
  encodePluginPackage,
  type PluginManifest,
  type PluginPackage,
  type PluginPermissions,
} from "../../protocol/mod.ts";

/** What a test says of a plugin. */
export interface PluginWish {
  /** Its name. @default "helper" */
  readonly name?: string;
  /** Which program it is for. @default "keeper" */
  readonly side?: PluginManifest["side"];
  /** The names of its actions. @default {[]} */
  readonly actions?: readonly string[];
  /** What it is told of. @default {[]} */
  readonly events?: PluginManifest["events"];
  /** What it asks for. @default {nothing} */
  readonly permissions?: Partial<PluginPermissions>;
  /** What it may use up. @default 16 MiB, 5 s a call */
  readonly limits?: Partial<PluginManifest["limits"]>;
}

/** Makes a plugin of a script. */
export function makePlugin(code: string, wish: PluginWish = {}): PluginPackage {
  const { name = "helper", side = "keeper", actions = [], events = [], permissions } = wish;
  return {
    manifest: {
      name,
      version: "1.0.0",
      describe: "",
      side,
      actions: actions.map((action) => ({ name: action, describe: "" })),
      events,
      permissions: { net: [], read: [], write: [], env: [], ...permissions },
      limits: { memoryMb: 16, callTimeoutS: 5, ...wish.limits },
    },
    code,
  };
}

/** Writes a plugin to a file, and returns its path. */
export async function writePlugin(
  path: string,
  code: string,
  wish: PluginWish = {},
): Promise<string> {
  await Deno.writeFile(path, encodePluginPackage(makePlugin(code, wish)));
  return path;
}
