/**
 * Where a plugin's questions to its host are answered.
 *
 * @module
 */
import { FluxVaultError } from "../../errors.ts";
import { CALL_WORD } from "../../calls/call_messages.ts";
import { delay } from "../../delay.ts";
import { RateLimit } from "./limits/rate_limit.ts";
import type { PluginAsks } from "./plugin_asks.ts";
import { MAX_PLUGIN_MESSAGE_LENGTH, type PluginMessage } from "./plugin_messages.ts";

/** A question of a plugin. */
export type AskMessage = Extract<PluginMessage, { readonly kind: "ask" }>;

/** What is told to a plugin that asked. */
export type AskReply = Readonly<Record<string, unknown>>;

const MAX_OPEN_ASKS = 32;
const ASKS_AT_ONCE = 2_000;
const ASKS_PER_SECOND = 500;

/** Answers questions, 32 at once; whoever asks too often waits for the answer. */
export class AskDesk {
  readonly #asks: PluginAsks;
  readonly #rate: RateLimit;
  #open = 0;

  /** Knows what may be asked, and how often. */
  constructor(
    asks: PluginAsks,
    rate: RateLimit = new RateLimit({ burst: ASKS_AT_ONCE, perSecond: ASKS_PER_SECOND }),
  ) {
    this.#asks = asks;
    this.#rate = rate;
  }

  /** Whether as many questions wait for an answer as may. */
  get isFull(): boolean {
    return this.#open >= MAX_OPEN_ASKS;
  }

  /**
   * Answers a question; never rejects.
   *
   * @param signal That of the call that asks, or `null` where no such call is open: nobody is to ask then.
   */
  async answer({ id, name, input }: AskMessage, signal: AbortSignal | null): Promise<AskReply> {
    const refuse = (code: string): AskReply => ({ Kind: "refusal", Id: id, Code: code });
    if (signal === null || signal.aborted) return refuse("cancelled");
    const ask = this.#asks.get(name);
    if (ask === undefined) return refuse("unknown-ask");
    if (input === null) return refuse("input-malformed");
    if (this.isFull) return refuse("busy");
    this.#open++;
    try {
      const waitMs = this.#rate.reserve();
      if (waitMs > 0) await delay(waitMs, signal);
      const output = (await ask(input, { signal })) ?? null;
      const reply = { Kind: "answer", Id: id, Output: output };
      const isTooLong = JSON.stringify(reply).length > MAX_PLUGIN_MESSAGE_LENGTH;
      return isTooLong ? refuse("output-too-large") : reply;
    } catch (error) {
      if (signal.aborted) return refuse("cancelled");
      const code = error instanceof FluxVaultError ? error.code : "";
      return refuse(CALL_WORD.test(code) ? code : "failed");
    } finally {
      this.#open--;
    }
  }
}
