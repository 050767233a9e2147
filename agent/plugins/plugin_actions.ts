/**
 * What keepers call to put, list and remove plugins: `plugin-put`, `plugin-list` and `plugin-remove`.
 *
 * @module
 */
import {
  type Action,
  type Bytes,
  type CallContext,
  defineAction,
  isPluginName,
  MAX_PLUGIN_BYTES,
  PeerRejectedError,
  type StandardSchema,
} from "../../protocol/mod.ts";
import { PLUGIN_PUT_TIMEOUT_MS } from "../limits.ts";
import type { AgentPlugins, ListedPlugin } from "./agent_plugins.ts";
import { PluginRefusal } from "./plugin_refusal.ts";

/** What a keeper says of the package that it sends. */
interface PutInput {
  readonly Signature: string;
  readonly Size: number;
}

interface RemoveInput {
  readonly Name: string;
}

const SIGNATURE = /^[A-Za-z0-9+/]{87}=$/;

const PUT_INPUT = schemaOf<PutInput>("a Signature and a Size are needed", (value) => {
  const { Signature, Size } = value;
  return typeof Signature === "string" && SIGNATURE.test(Signature) && isSize(Size)
    ? { Signature, Size }
    : null;
});

const REMOVE_INPUT = schemaOf<RemoveInput>("the Name of a plugin is needed", ({ Name }) => {
  return typeof Name === "string" && isPluginName(Name) ? { Name } : null;
});

/** Makes the actions; a keeper that has not signed its session can call none of them. */
export function pluginActions(plugins: AgentPlugins): Action[] {
  return [
    defineAction("plugin-put", {
      describe: "Puts a plugin in place, or a newer version of it; the stream is its package.",
      input: PUT_INPUT,
      describeInput: "Signature, the text of FILE.sig; Size, how many bytes the package has",
      describeOutput: "an object with Name, Version, State and IsUnchanged",
      timeoutMs: PLUGIN_PUT_TIMEOUT_MS,
      run: async (context, { Signature: signature, Size }) => {
        const keeper = checkKeeper(context);
        const read = () => readPackage(context, Size);
        const { name, version, state, isUnchanged } = await plugins.put({
          ...{ read, signature, keeper },
        });
        return { Name: name, Version: version, State: state, IsUnchanged: isUnchanged };
      },
    }),
    defineAction("plugin-list", {
      describe: "Lists the plugins that are here, and how each is.",
      describeOutput:
        "a list of objects with Name, Version, State, Code, Since, Restarts, LastEnd, " +
        "OpenCalls, Actions, Signer and Digest",
      run: (context) => {
        checkKeeper(context);
        return plugins.list().map(tellOf);
      },
    }),
    defineAction("plugin-remove", {
      describe: "Removes a plugin and all that it kept.",
      input: REMOVE_INPUT,
      describeInput: {
        type: "object",
        properties: { Name: { type: "string", description: "the plugin that is removed" } },
        required: ["Name"],
      },
      run: async (context, { Name }) => {
        await plugins.remove(Name, { keeper: checkKeeper(context) });
        return { Name };
      },
    }),
  ];
}

/** Returns who signed the session; an address alone proves too little for code to be run. */
function checkKeeper({ origin: { keeper } }: CallContext): string {
  if (keeper !== null) return keeper.address;
  throw new PeerRejectedError("rejected", "the keeper has not signed its session", { by: "us" });
}

async function readPackage({ stream, signal }: CallContext, size: number): Promise<Bytes> {
  if (size > MAX_PLUGIN_BYTES) {
    throw new PluginRefusal("too-large", `a plugin has at most ${MAX_PLUGIN_BYTES} bytes`);
  }
  if (stream === null) {
    throw new PluginRefusal("manifest-malformed", "no package came with the call");
  }
  const bytes = new Uint8Array(size);
  let length = 0;
  for await (const piece of stream) {
    signal.throwIfAborted();
    if (length + piece.length > size) {
      throw new PluginRefusal("too-large", "more came of the package than was said");
    }
    bytes.set(piece, length);
    length += piece.length;
  }
  if (length === size) return bytes;
  throw new PluginRefusal("manifest-malformed", "the package ended too early");
}

function tellOf(plugin: ListedPlugin): Record<string, unknown> {
  const { name, version, state, code, sinceMs, restarts, lastEnd, openCalls } = plugin;
  return {
    Name: name,
    Version: version,
    State: state,
    Code: code,
    Since: sinceMs === null ? null : new Date(sinceMs).toISOString(),
    Restarts: restarts,
    LastEnd: lastEnd,
    OpenCalls: openCalls,
    Actions: plugin.actions,
    Signer: plugin.signer,
    Digest: plugin.digest,
  };
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}

function schemaOf<T>(
  message: string,
  read: (value: Readonly<Record<string, unknown>>) => T | null,
): StandardSchema<T> {
  return {
    "~standard": {
      version: 1,
      vendor: "fluxvault",
      validate(value) {
        const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
        const found = isObject ? read(value as Readonly<Record<string, unknown>>) : null;
        return found === null ? { issues: [{ message }] } : { value: found };
      },
    },
  };
}
