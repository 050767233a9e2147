/**
 * What a plugin may ask of the program that runs it.
 *
 * @module
 */

/** What a {@linkcode PluginAsk} is told beside what was asked. */
export interface PluginAskContext {
  /** Fires when the call that asks is over, or the plugin was stopped: nobody waits for an answer then. */
  readonly signal: AbortSignal;
}

/**
 * Answers one kind of question of a plugin.
 *
 * Obligations: `input` is the list of what the plugin passed (`context.call("a", "b")` gives `["a", "b"]`),
 * JSON and never trusted; what is answered is something that JSON can hold, of at most 262,144
 * characters; a `CallError` tells the plugin its code, any other error `failed`, and no message.
 */
export type PluginAsk = (input: readonly unknown[], context: PluginAskContext) => Promise<unknown>;

/**
 * What a plugin may ask of its host, by name: `call` is `context.call()` to the plugin, `files.list` is
 * `context.files.list()`. A name is `[a-zA-Z]+` or two of them with a dot.
 */
export type PluginAsks = ReadonlyMap<string, PluginAsk>;
