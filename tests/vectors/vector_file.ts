/**
 * The files of the vectors: header lines, an empty line, and the steps of the peer.
 *
 * @module
 */

/** How many vectors of protocol 2 there are: one that is lost is noticed. */
export const VECTOR_COUNT = 723;

/** One vector. */
export interface Vector {
  /** The scenario; the name of the file without its ending. */
  readonly name: string;
  /** The header, in order; a name may stand more than once. */
  readonly header: readonly (readonly [name: string, value: string])[];
  /** What the peer does, in the language of `adversary.ts`; lines that start with # are remarks. */
  readonly steps: readonly string[];
}

/** Writes a vector. */
export function formatVector(vector: Vector): string {
  const header = vector.header.map(([name, value]) => `${name}: ${value}`);
  return [...header, "", ...vector.steps, ""].join("\n");
}

/** Reads a vector. */
export function parseVector(name: string, text: string): Vector {
  const lines = text.split("\n");
  const border = lines.indexOf("");
  if (border < 0 || lines.at(-1) !== "") throw new Error(`${name} is no vector`);
  const header = lines.slice(0, border).map((line) => {
    const colon = line.indexOf(": ");
    if (colon < 0) throw new Error(`${name} has the header line ${line}`);
    return [line.slice(0, colon), line.slice(colon + 2)] as const;
  });
  return { name, header, steps: lines.slice(border + 1, -1) };
}

/** All values of a header line. */
export function headers(vector: Vector, name: string): string[] {
  return vector.header.filter(([each]) => each === name).map(([, value]) => value);
}

/** The value of a header line that stands at most once. */
export function header(vector: Vector, name: string): string | null {
  const values = headers(vector, name);
  if (values.length > 1) throw new Error(`${vector.name} has two lines ${name}`);
  return values[0] ?? null;
}

/** The value of a header line that must be there. */
export function requiredHeader(vector: Vector, name: string): string {
  const value = header(vector, name);
  if (value === null) throw new Error(`${vector.name} has no line ${name}`);
  return value;
}
