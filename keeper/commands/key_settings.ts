/**
 * What the settings of `run` say of keys: with which one the keeper signs, and by which secret it knows
 * the agents of its app.
 *
 * @module
 */
import { settingError } from "../../protocol/host/mod.ts";
import type { Declaration } from "../vault/declaration.ts";
import type { KeeperKeys } from "./key_desk.ts";
import type { ServeContext } from "./run_context.ts";
import type { WireChoice } from "../contact/wire.ts";

/**
 * Refuses settings about signatures that do not go together.
 *
 * @throws {ConfigError} that names the setting.
 */
export function checkSigning({ settings, resolved }: ServeContext, wires: WireChoice): void {
  const { signConnections, zelid } = settings;
  if (signConnections && zelid === undefined) {
    throw settingError(resolved, {
      name: "sign-connections",
      problem: "needs --zelid: the address whose key signs",
      hint: "Give the address of a stored key (keys list), or make one: keys create.",
    });
  }
  if (!signConnections && zelid !== undefined) {
    throw settingError(resolved, {
      name: "zelid",
      problem: "has no use without --sign-connections",
      hint: "Add --sign-connections, or leave it out.",
    });
  }
  if (signConnections && wires.isOriginalOnly) {
    throw settingError(resolved, {
      name: "sign-connections",
      problem: "has no use where all agents are served by the original's wire",
      hint: "Nothing is signed there. Leave it out, or serve them by protocol 2.",
    });
  }
}

/**
 * Looks whether files ask for agents that have enrolled where none can.
 *
 * @throws {ConfigError} without an app, since an enrolment secret is that of one.
 */
export async function checkEnrolment(
  { resolved, logger }: ServeContext,
  wish: {
    readonly files: readonly Declaration[];
    readonly app: string | null;
    readonly keys: KeeperKeys;
  },
): Promise<void> {
  if (!wish.files.some(({ requires }) => requires === "enrolled")) return;
  if (wish.app === null) {
    throw settingError(resolved, {
      name: "require",
      problem: "asks for enrolled, and without --app-name there is nothing to enrol in",
      hint: "Name the app, or ask for approved.",
    });
  }
  if (await wish.keys.enrolmentSecret() !== null) return;
  logger.warn(
    "Files ask for agents that have enrolled, and this keeper has no enrolment secret of the app: " +
      "only those that enrolled before get them.",
    { app: wish.app },
  );
}

/** Returns the address whose key signs, or `null` where nothing is signed. */
export function signerIn({ settings: { signConnections, zelid } }: ServeContext): string | null {
  return signConnections ? zelid ?? null : null;
}
