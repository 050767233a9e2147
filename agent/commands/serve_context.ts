/**
 * What the work of the agent program is given.
 *
 * @module
 */
import type { CommandContext, SettingsOf } from "../../protocol/host/mod.ts";
import type { COMPONENT_OPTIONS } from "../component_options.ts";
import type { AGENT_OPTIONS } from "../options.ts";

type Settings = CommandContext<typeof AGENT_OPTIONS>["settings"];

/** The settings of all that has to do with programs. */
type ApplicationKey =
  | "allowRun"
  | "waitFor"
  | "waitTimeoutMs"
  | "onChange"
  | "stopTimeoutMs"
  | "env"
  | "fd"
  | "stdin";

/** The settings of what is served over HTTP. */
type HttpKey = Extract<keyof Settings, `fileserver${string}` | `health${string}`>;

/** The settings of plugins. */
type PluginKey = "allowPlugins" | "pluginPermissions" | "pluginMemory";

/** The settings of primaries and sub-agents. */
type ComponentKey = keyof SettingsOf<typeof COMPONENT_OPTIONS> | "fileserverDns";

/** The settings of the agent program, as far as each of its commands has them. */
export type ServeSettings =
  & Omit<
    Settings,
    "stateDir" | "enrollSecret" | ApplicationKey | HttpKey | PluginKey | ComponentKey
  >
  & {
    /** All that has to do with programs; `null` in a command that knows none of it. */
    readonly application: Pick<Settings, ApplicationKey> | null;
    /** All that is served over HTTP; `null` in a command that knows none of it. */
    readonly http: Pick<Settings, HttpKey> | null;
    /** All that has to do with plugins; `null` in a command that knows none of it. */
    readonly plugins: Pick<Settings, PluginKey> | null;
    /** All that has to do with primaries and sub-agents; `null` in a command that knows none of it. */
    readonly components: Pick<Settings, ComponentKey> | null;
    /** Where the agent keeps its state; without it everything is kept in memory. */
    readonly stateDir: string | undefined;
    /** The enrolment secret as it was given. */
    readonly enrollSecret: string | undefined;
  };

/** What the agent program serves with. */
export interface ServeContext extends Omit<CommandContext, "settings"> {
  /** The settings of the agent program. */
  readonly settings: ServeSettings;
  /** Where the Flux node is asked which one it is; by default where FluxOS says that it is. */
  readonly hostInfoUrl?: string;
  /** Whether this process may run programs; by default what its permissions say. */
  readonly mayRun?: boolean;
  /** The clock of what asks the Flux network; the real one by default. */
  readonly delay?: (durationMs: number, signal?: AbortSignal) => Promise<void>;
}
