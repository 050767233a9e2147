/**
 * What it takes to serve one app, whichever way the operator said it.
 *
 * @module
 */
import type { ConfigError } from "../../../protocol/mod.ts";
import type { FindCertificate } from "../../contact/certificate_action.ts";
import type { WireChoice } from "../../contact/wire.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { TrustPolicy } from "../../trust/mod.ts";
import type { Declarations } from "../../vault/declarations.ts";

/** A mistake of the operator that shows only when the app is served. */
export interface AppMistake {
  /** What it is about: where the vault is, or what of it goes where. */
  readonly about: "vault" | "files";
  /** What is wrong, as the end of a sentence that begins with that. */
  readonly problem: string;
  /** What to do about it. */
  readonly hint: string;
  /** What went wrong one layer below. */
  readonly cause?: unknown;
}

/** What one app is served by. */
export interface AppWish {
  /** How reports name it; `null` where it is the only one. */
  readonly name: string | null;
  /** Its agents. */
  readonly fleet: Fleet;
  /** What happens to an agent that is not known. */
  readonly trust: TrustPolicy;
  /** How many agents may be trusted at first use, where somebody says. */
  readonly firstUseLimit: number | undefined;
  /** What is spoken with whom. */
  readonly wires: WireChoice;
  /** The address whose key signs, or `null`. */
  readonly signWith: string | null;
  /** The folder of its sources. */
  readonly vaultFolder: string;
  /** Returns what goes where now. */
  readonly declare: () => Promise<Declarations>;
  /** Whether every file of the folder is offered, so that none is missing. */
  readonly isWholeFolder: boolean;
  /** Finds what is declared of a certificate of an application. @default nothing is declared */
  readonly findCertificate?: FindCertificate;
  /** How often every agent is served, in milliseconds. */
  readonly pollingIntervalMs: number;
  /** How often the list of agents is asked for, in milliseconds. */
  readonly discoveryIntervalMs: number;
  /** Makes the error about a mistake: it names where it was made. */
  readonly mistake: (mistake: AppMistake) => ConfigError;
}
