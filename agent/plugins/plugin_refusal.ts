/**
 * Why a plugin is not taken.
 *
 * @module
 */
import { CallError } from "../../protocol/mod.ts";

/** Why a plugin is not taken; what a keeper is told, and what the log of the agent says. */
export type PluginRefusalCode =
  /** Its package is longer than may be, or than was said. */
  | "too-large"
  /** It is no package of a plugin. */
  | "manifest-malformed"
  /** Nobody whom the agent trusts signed it, or it was changed since. */
  | "signature-invalid"
  /** It is not for agents. */
  | "wrong-side"
  /** It asks to be allowed more than the operator of the agent grants. */
  | "permission-exceeds"
  /** It asks for more memory than the operator of the agent grants. */
  | "memory-exceeds"
  /** A higher version was here before, or another plugin with the same version. */
  | "downgrade"
  /** There is no room for one more. */
  | "too-many"
  /** One of its actions is called as another one of the agent. */
  | "name-taken"
  /** What was kept of it is gone. */
  | "package-missing"
  /** What was kept of it is not what was put here. */
  | "package-changed";

/** A plugin is not taken. */
export class PluginRefusal extends CallError {
  /** Which of the reasons it is. */
  declare readonly code: PluginRefusalCode;

  /** Makes a refusal; the message is for the log of the agent, and holds no word of a plugin's script. */
  constructor(
    code: PluginRefusalCode,
    message: string,
    options: { readonly cause?: unknown } = {},
  ) {
    super(code, message, options);
  }
}
