/**
 * How what an agent holds differs from what it should hold: what a plan shows and a delivery does
 * (spec, section 8).
 *
 * @module
 */
import type { FileEntry, FolderEntry, StoredManifest } from "./manifest_entry.ts";

/** One thing that is not as declared. What is as declared has no step. */
export type Step =
  /** The contents of a file have to come from the keeper. */
  | {
    readonly kind: "bring";
    readonly entry: FileEntry;
    /** Whether another file is there now. */
    readonly isThere: boolean;
  }
  /** A folder has to be made. */
  | { readonly kind: "make"; readonly entry: FolderEntry }
  /** The contents are as declared; the mode or the owner is not. */
  | { readonly kind: "reown"; readonly entry: FileEntry | FolderEntry }
  /** Something is there that should not be. */
  | {
    readonly kind: "remove";
    /** What is removed, a folder with all that is in it. */
    readonly path: string;
    /** Whether it is in the way of something that is declared, and so goes first. */
    readonly isInTheWay: boolean;
  }
  /** The agent cannot, or may not, do what is declared. */
  | { readonly kind: "refuse"; readonly path: string; readonly code: string };

/** A step that needs nothing from the keeper. */
export type LocalStep = Extract<Step, { readonly kind: "make" | "reown" | "remove" }>;

/** What a store is asked to compare itself with. */
export interface WantedState extends StoredManifest {
  /**
   * Who declared it: the address of the keeper's key, or `null` where the keeper does not sign.
   * What another declared is not removed.
   */
  readonly declaredBy: string | null;
}

/** All that is not as declared. */
export interface Survey {
  /** The steps, folders before what is in them. */
  readonly steps: readonly Step[];
}
