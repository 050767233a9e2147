/**
 * What one agent should hold: the entries of a manifest (spec, section 8).
 *
 * @module
 */

/** What the agent does about a file that is there already. */
export type FileStrategy =
  /** The file is kept exactly as declared. */
  | "STRICT"
  /** The file is made once and then belongs to the application. */
  | "ENSURE_CREATED";

/** What the agent does about what is in a folder already. */
export type FolderStrategy =
  /** It holds what the manifest names and nothing else: whatever else is in it is removed. */
  | "STRICT"
  /** What the manifest names is as declared; whatever else is in it stays. */
  | "ALLOW_ADDS"
  /** The folder is made once and then belongs to the application. */
  | "ENSURE_CREATED";

/** Who may do what with a file or folder. */
export interface Ownership {
  /** Its permission bits, 0 to 0o777. */
  readonly mode: number;
  /** Its user, 0 to 2^32 - 2; whom the agent runs as where it is not declared. */
  readonly uid?: number;
  /** Its group, 0 to 2^32 - 2; that of the agent where it is not declared. */
  readonly gid?: number;
}

/** One secret file that an agent should hold. */
export interface FileEntry extends Ownership {
  /** Tells a file from a folder. */
  readonly kind: "file";
  /** Where it belongs: relative to the agent's working folder, or absolute. */
  readonly path: string;
  /** The SHA-256 of its contents in lower-case hex. */
  readonly digest: string;
  /** Its length in bytes. */
  readonly size: number;
  /** What the agent does about a file that is there already. */
  readonly strategy: FileStrategy;
  /** Whether a file that is there is written over in place, as a mount of one file asks for. */
  readonly inPlace?: true;
  /** After how many seconds without a delivery the agent removes it; never where it is not declared. */
  readonly leaseS?: number;
  /** The name of the hook that tells the application of a change. */
  readonly hook?: string;
  /**
   * The components of the app that may read it where an agent serves files to others: at most 24
   * names in lower case, ascending, each once. None where the list is empty, all where there is none.
   */
  readonly readers?: readonly string[];
  /** The line from which it was made, where its contents come of a certificate; on no wire. */
  readonly issued?: IssuedEntry;
}

/** One folder that an agent should hold. */
export interface FolderEntry extends Ownership {
  /** Tells a folder from a file. */
  readonly kind: "folder";
  /** Where it belongs: relative to the agent's working folder, or absolute. */
  readonly path: string;
  /** What the agent does about what is in it already. */
  readonly strategy: FolderStrategy;
  /** Whether all that is below it is exchanged at once, through a symbolic link. */
  readonly together?: true;
  /** The name of the hook that tells the application of a change. */
  readonly hook?: string;
}

/** A path that the keeper cannot speak for now: what the agent holds there and below stays. */
export interface KeepEntry {
  /** Tells it from a file. */
  readonly kind: "keep";
  /** Where it belongs: relative to the agent's working folder, or absolute. */
  readonly path: string;
  /** The line in whose place it stands, where a certificate cannot be had now; on no wire. */
  readonly issued?: IssuedEntry;
}

/** What a file holds of a certificate, in PEM. */
export type CertificatePart =
  /** The private key, PKCS#8: made by the agent, and known to nobody else. */
  | "key"
  /** The certificate alone. */
  | "certificate"
  /** The certificate, and behind it what leads to the root, without that. */
  | "chain"
  /** The root. */
  | "root";

/** What kind of key an agent makes for a certificate. */
export type CertificateKey = "P-256" | "P-384" | "Ed25519";

/** A certificate that an agent should have for its application. */
export interface DeclaredCertificate {
  /** Names it in entries: `[a-z0-9][a-z0-9-]{0,62}`. */
  readonly name: string;
  /** What kind of key it is for. */
  readonly key: CertificateKey;
  /** What stands for all that the keeper would certify; SHA-256 in lower-case hex. */
  readonly terms: string;
}

/** One file that comes of a certificate: the keeper cannot know what it holds. */
export interface IssuedEntry extends Ownership {
  /** Tells it from a file whose contents the keeper knows. */
  readonly kind: "issued";
  /** Where it belongs: relative to the agent's working folder, or absolute. */
  readonly path: string;
  /** The name of the certificate. */
  readonly certificate: string;
  /** What it holds of it. */
  readonly part: CertificatePart;
  /** It is kept exactly as it was issued. */
  readonly strategy: "STRICT";
  /** Whether a file that is there is written over in place, as a mount of one file asks for. */
  readonly inPlace?: true;
  /** The name of the hook that tells the application of a change. */
  readonly hook?: string;
}

/** What a store may be asked for: what comes of certificates is a file like any other by then. */
export type StoredEntry = FileEntry | FolderEntry | KeepEntry;

/** One thing that an agent should hold, or keep. */
export type ManifestEntry = StoredEntry | IssuedEntry;

/** How the application is told that something of its changed. */
export type HookAction =
  /** A file is made, or its time is set: its path is as that of a file. */
  | { readonly kind: "touch"; readonly path: string }
  /** A program is run, without a shell. */
  | { readonly kind: "run"; readonly command: readonly string[] }
  /** A process is sent a signal: the agent's application, or the one whose number a file holds. */
  | { readonly kind: "signal"; readonly signal: string; readonly pidFile: string | null };

/** What happens after a change was put in place. */
export interface Hook {
  /** Names it in entries: `[a-z0-9][a-z0-9-]{0,62}`. */
  readonly name: string;
  /** What happens. */
  readonly action: HookAction;
  /** How long it may take, in seconds; 1 to 3,600. */
  readonly timeoutS: number;
}

/** When a service that has ended is started again. */
export type ServiceRestart =
  /** Whenever it ends. */
  | "always"
  /** Where it ends with another exit status than 0, or by a signal. */
  | "on-failure"
  /** Not before its definition, or a file that it depends on, changes. */
  | "never";

/** How it is found out whether a service is well. */
export interface ServiceHealth {
  /** The program and its arguments; it ends with 0 where the service is well. */
  readonly command: readonly string[];
  /** The pause between two looks in seconds; 1 to 3,600. */
  readonly intervalS: number;
  /** How long a look may take in seconds; 1 to 3,600. */
  readonly timeoutS: number;
  /** How many looks in a row have to fail before it is started again; 1 to 100. */
  readonly retries: number;
}

/** A program that the agent runs for as long as it is declared. */
export interface Service {
  /** Names it: `[a-z0-9][a-z0-9-]{0,62}`. */
  readonly name: string;
  /** The program and its arguments; no shell. */
  readonly command: readonly string[];
  /** The folder that it runs in, a path as that of a file; the agent's working folder if `null`. */
  readonly folder: string | null;
  /** Variables of its environment, by their names. */
  readonly variables: ReadonlyMap<string, string>;
  /** The paths of files whose contents become variables, by the names of these. */
  readonly fileVariables: ReadonlyMap<string, string>;
  /** When it is started again once it has ended. */
  readonly restart: ServiceRestart;
  /** The signal that asks it to end. */
  readonly stopSignal: string;
  /** How long it may take to end then, in seconds; 1 to 300. */
  readonly stopTimeoutS: number;
  /** How much memory all its processes may use, in units of 1,048,576 bytes; `null` for any. */
  readonly memoryMb: number | null;
  /** How it is found out whether it is well; `null` where nobody looks. */
  readonly health: ServiceHealth | null;
  /** The paths of files and folders whose change starts it again. */
  readonly watches: readonly string[];
}

/** All that an agent should hold. */
export interface Manifest {
  /** The files, the folders, and what is kept. */
  readonly entries: readonly ManifestEntry[];
  /** The hooks that the entries name. */
  readonly hooks: readonly Hook[];
  /** The certificates that the entries name. @default {[]} */
  readonly certificates?: readonly DeclaredCertificate[];
  /** The services that the agent runs. @default {[]} */
  readonly services?: readonly Service[];
  /** Whether the agent removes all that it was ever given; then there is nothing else. */
  readonly isWipe: boolean;
}

/** A manifest in the form in which a store takes it: it is known what each file is to hold. */
export interface StoredManifest extends Manifest {
  /** The files, the folders, and what is kept. */
  readonly entries: readonly StoredEntry[];
}
