/**
 * What a scenario is, before it becomes a file.
 *
 * @module
 */

/** One scenario. */
export interface Scenario {
  /** The name of its file. */
  readonly name: string;
  /** The role under test. */
  readonly role: "agent" | "keeper";
  /** `success`, or class and code of the error that the role fails with. */
  readonly expect: string;
  /** The code of the FAILED that the role ends with, or `nothing`. */
  readonly says: string;
  /** What the peer does, in the language of `adversary.ts`. */
  readonly steps: readonly string[];
  /** Further lines of the header. */
  readonly header: readonly (readonly [string, string])[];
  /** Whether a peer has to read what the role says, or says more than a file should hold. */
  readonly isScript: boolean;
}

/** What can be said of a scenario besides its steps. */
export interface ScenarioOptions {
  /** Further lines of the header. */
  readonly header?: readonly (readonly [string, string])[];
  /** Whether a file of recorded bytes is out of the question. */
  readonly isScript?: boolean;
}

/** Makes scenarios of one role. */
export function scenariosOf(role: Scenario["role"]): {
  good: (name: string, steps: readonly string[], options?: ScenarioOptions) => Scenario;
  bad: (
    name: string,
    outcome: string,
    steps: readonly string[],
    options?: ScenarioOptions,
  ) => Scenario;
} {
  const isScript = role === "keeper";
  return {
    good(name, steps, options = {}) {
      return {
        role,
        name,
        expect: "success",
        says: "nothing",
        header: [],
        isScript,
        ...options,
        steps,
      };
    },
    bad(name, outcome, steps, options = {}) {
      const [expect = "", says = "nothing"] = outcome.split(", says ");
      return { role, name, expect, says, header: [], isScript, ...options, steps };
    },
  };
}

/** An error of broken protocol that the peer is told. */
export function broken(code: string): string {
  return `ProtocolError ${code}, says ${code}`;
}

/** An error of broken protocol that the peer is not told. */
export function brokenSilently(code: string): string {
  return `ProtocolError ${code}`;
}

/** A refusal by the role under test. */
export function refused(code: string): string {
  return `PeerRejectedError ${code}, says ${code}`;
}

/** A refusal by the peer. */
export function refusedByPeer(code: string): string {
  return `PeerRejectedError ${code}`;
}

/** A transport that ended early. */
export const TRUNCATED = "ConnectionError truncated";
