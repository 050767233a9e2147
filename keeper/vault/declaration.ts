/**
 * One declaration of the operator: what of the vault goes where, and how.
 *
 * @module
 */
import type { FolderStrategy } from "../../protocol/mod.ts";
import type { TrustGround } from "../trust/mod.ts";
import type { DeclaredIssue } from "./application_certificate.ts";

/** A file or folder of the vault and where an agent is to hold it. */
export interface Declaration {
  /** Where it is: relative to the vault folder, segments joined by `/`; empty for what is issued. */
  readonly source: string;
  /** What of a certificate it is, where it is nothing of the vault. */
  readonly issued?: DeclaredIssue;
  /** Where it goes: relative to the agent's working folder, or absolute; no `/` at its end. */
  readonly target: string;
  /** What the agent does about what is there; for a file `ALLOW_ADDS` means what `STRICT` does. */
  readonly strategy: FolderStrategy;
  /** The permission bits of files, 0 to 0o777; 0o600, or 0o700 for programs, where not declared. */
  readonly mode?: number;
  /** The permission bits of folders, 0 to 0o777; 0o700 where not declared. */
  readonly folderMode?: number;
  /** The user of files and folders. */
  readonly uid?: number;
  /** The group of files and folders. */
  readonly gid?: number;
  /** The level of trust that an agent needs to be given it; any where there is none. */
  readonly requires?: TrustGround;
  /** The name of the hook that tells the application of a change. */
  readonly hook?: string;
  /** Whether all of a folder is exchanged at once. */
  readonly together?: true;
  /** After how many seconds without a delivery the agent removes its files. */
  readonly leaseS?: number;
  /**
   * The components that may read it from an agent's file server, in lower case, ascending, each once;
   * all of the app where there are none, none where the list is empty.
   */
  readonly readers?: readonly string[];
  /** Whether a file that is there is written over in place. */
  readonly inPlace?: true;
  /** Whether symbolic links in the vault are refused, or what they lead to is copied. */
  readonly symlinks: "refuse" | "copy";
  /** Whether contents are compressed on the wire. */
  readonly compress?: true;
  /** Where the operator wrote it, as `file:line:column` or the name of a setting; for messages. */
  readonly origin?: string;
}
