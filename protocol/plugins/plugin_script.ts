/**
 * What the source of a plugin sees: the function that it calls, and what its actions are given.
 *
 * These are types alone, for the source of a plugin, which imports nothing when it runs:
 *
 * ```ts ignore
 * import type { DefineAgentPlugin } from "@fluxvault/fluxvault/plugin";
 *
 * declare const plugin: DefineAgentPlugin;
 *
 * plugin({ actions: { greet: (input) => `Hello, ${input}` } });
 * ```
 *
 * Input and output are JSON. What is asked of the context is answered by the program outside: it throws
 * where that is not granted, too large, or failed, with an error whose `code` says which.
 *
 * @module
 */

/** What is kept for a plugin, over calls, upgrades and restarts; values are JSON. */
export interface PluginKept {
  /** Returns what is kept under a key, or `null`. */
  get(key: string): Promise<unknown>;
  /** Keeps a value in the place of what was there. */
  set(key: string, value: unknown): Promise<void>;
  /** Forgets a key; nothing happens where there is none. */
  delete(key: string): Promise<void>;
  /** Lists the keys, in the order in which they were first set. */
  list(): Promise<readonly string[]>;
}

/** What a plugin asks a server. */
export interface PluginRequest {
  /** The method. @default {"GET"} */
  readonly method?: string;
  /** The fields of the header. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A text that is sent; 1 MiB at most. */
  readonly body?: string;
}

/** What a server answered. */
export interface PluginResponse {
  /** The status, such as 200. */
  readonly status: number;
  /** The fields of the header, by their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The text; 1 MiB at most. */
  readonly body: string;
}

/** What an action or an event may ask for, besides computing. */
export interface PluginContext {
  /** What is kept for the plugin. */
  readonly storage: PluginKept;
  /** Writes a line to the log of the program; long ones are cut, and many left out. */
  log(text: string): void;
  /** Tells the caller how far the action is; within an action alone. */
  progress(output: unknown): void;
  /** Waits, in milliseconds. */
  sleep(durationMs: number): Promise<void>;
  /** Tells whether nobody waits for the action any more. */
  isCancelled(): boolean;
  /** Asks a server; takes `net` for its host, and that of each one that it leads on to. */
  fetch(url: string, request?: PluginRequest): Promise<PluginResponse>;
  /** Reads a file of the machine as text; takes `read`. */
  readText(path: string): Promise<string>;
  /** Reads a file of the machine, in base64; takes `read`. */
  readBase64(path: string): Promise<string>;
  /** Writes a file of the machine; takes `write`. */
  writeText(path: string, text: string): Promise<void>;
  /** Lists what is in a folder of the machine, 1,000 at most; takes `read`. */
  list(path: string): Promise<
    readonly { readonly name: string; readonly isFile: boolean; readonly isDirectory: boolean }[]
  >;
  /** Reads a variable of the environment, or `null`; takes `env`. */
  env(name: string): Promise<string | null>;
}

/** A file that was delivered to an agent. */
export interface PluginDeliveredFile {
  /** Its path, as the keeper declared it. */
  readonly path: string;
  /** How many bytes it has. */
  readonly size: number;
}

/** What a plugin of the agent may ask for. */
export interface AgentPluginContext extends PluginContext {
  /** What keepers delivered to the agent, as far as `read` names where it lies on the disk. */
  readonly files: {
    /** Lists them, a thousand at most. */
    list(): Promise<readonly PluginDeliveredFile[]>;
    /** Reads one as text, by the path that the keeper declared; 131,072 bytes at most. */
    readText(path: string): Promise<string>;
  };
}

/** What a plugin of the agent is told of a delivery. */
export interface AgentDelivery {
  /** How many files are others, or gone. */
  readonly changes: number;
  /** Those of them that it may read, with `created`, `updated` or `removed` of each. */
  readonly files: readonly { readonly path: string; readonly outcome: string }[];
}

/** An agent that a plugin of the keeper can call. */
export interface PluginAgent {
  /** `host:port`, or `host:port/component` behind a primary. */
  readonly address: string;
  /** The app that it belongs to, or `null`. */
  readonly app: string | null;
  /** Its component, or `null`. */
  readonly component: string | null;
  /** Why it is trusted: `first-use`, `approved` or `enrolled`. */
  readonly trust: string;
}

/** What a plugin of the keeper wants certified; of its request the public key counts alone. */
export interface PluginSigning {
  /** The app whose certificate it is. */
  readonly app: string;
  /** Its component. @default {none} */
  readonly component?: string;
  /** The names that it carries, of those that the app may have. @default {those of its container} */
  readonly names?: readonly string[];
  /** How long it lives, in seconds: a minute to 90 days. @default {a day} */
  readonly lifetimeS?: number;
}

/** A certificate of the keeper's authority. */
export interface PluginCertificate {
  /** Its serial number, in hex. */
  readonly serial: string;
  /** It, and the intermediate that vouches for it, in PEM. */
  readonly chain: string;
  /** The root, in PEM. */
  readonly root: string;
  /** When it ends, in ISO 8601. */
  readonly notAfter: string;
  /** When to renew it, in ISO 8601. */
  readonly renewAt: string;
}

/** What a plugin of the keeper is told of the contact with an agent. */
export interface KeeperDelivery {
  /** Where it was dialled: `host:port`, or `host:port/component` behind a primary. */
  readonly address: string;
  /** The app, or `null`. */
  readonly app: string | null;
  /** Its component, or `null`. */
  readonly component: string | null;
  /** How far it is trusted, or `null`. */
  readonly trust: string | null;
  /** `delivered`, `pending`, `rejected`, `unreachable` or `failed`. */
  readonly outcome: string;
  /** Why, in a word; `null` where files were delivered. */
  readonly code: string | null;
  /** Whether it holds all that it should. */
  readonly isWanted: boolean;
  /** The revision that it holds, or `null`. */
  readonly revision: number | null;
  /** The files that are not unchanged, 200 at most, with what became of each. */
  readonly files: readonly { readonly path: string; readonly outcome: string }[];
  /** How many there are of these. */
  readonly changedFiles: number;
  /** How many contacts in a row did not end as wanted. */
  readonly failures: number;
  /** When the contact began, in ISO 8601. */
  readonly startedAt: string;
  /** How long it took, in milliseconds. */
  readonly durationMs: number;
}

/** What a plugin of the keeper may ask for. */
export interface KeeperPluginContext extends PluginContext {
  /** Lists the agents that the keeper trusts and has reached before, a thousand at most. */
  agents(): Promise<readonly PluginAgent[]>;
  /** Has one agent do something, and returns what it answers; 8 calls at a time. */
  call(address: string, action: string, input?: unknown): Promise<unknown>;
  /** Has the authority of the keeper sign a certificate request in PEM. */
  signRequest(request: string, signing: PluginSigning): Promise<PluginCertificate>;
}

/** What a plugin does when it is called; what it returns or throws goes to the caller. */
export type PluginActionFunction<Context> = (input: unknown, context: Context) => unknown;

/** What a plugin does when something happened; nobody waits for it. */
export type PluginEventFunction<Context, Happened> = (event: Happened, context: Context) => unknown;

/** What a plugin is made of. */
export interface PluginDefinition<Context, Delivery = unknown> {
  /** What can be called of it, by name; its description has the same names. */
  readonly actions?: Readonly<Record<string, PluginActionFunction<Context>>>;
  /** What it is told of; its description has the same names. */
  readonly events?: {
    /** Files were delivered, or could not be. */
    readonly delivery?: PluginEventFunction<Context, Delivery>;
  };
}

/** The function that a plugin of the agent calls once, at its top level. */
export type DefineAgentPlugin = (
  definition: PluginDefinition<AgentPluginContext, AgentDelivery>,
) => void;

/** The function that a plugin of the keeper calls once, at its top level. */
export type DefineKeeperPlugin = (
  definition: PluginDefinition<KeeperPluginContext, KeeperDelivery>,
) => void;
