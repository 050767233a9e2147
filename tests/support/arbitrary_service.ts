/** Services of all kinds that a manifest may declare. */
import fc from "fast-check";
import type { Service } from "../../protocol/mod.ts";

const NAME = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/);
const PATH = fc.array(fc.stringMatching(/^[a-z\u00e9\u{1f511}\uff01]{1,6}$/u), {
  minLength: 1,
  maxLength: 3,
}).map((segments) => segments.join("/"));
const WORD = fc.string({ unit: "grapheme", maxLength: 10 }).filter((text) => !text.includes("\0"));
const COMMAND = fc.tuple(WORD.filter((word) => word !== ""), fc.array(WORD, { maxLength: 3 }))
  .map(([program, words]) => [program, ...words]);
const VARIABLE = fc.stringMatching(/^[A-EG-Za-eg-z_][A-Za-z0-9_]{0,10}$/);

/** Makes services; each fits into a line. */
export function arbitraryService(): fc.Arbitrary<Service> {
  const variables = fc.uniqueArray(fc.tuple(VARIABLE, WORD, PATH, fc.boolean()), {
    selector: ([name]) => name,
    maxLength: 6,
  });
  return fc.record({
    name: NAME,
    command: COMMAND,
    folder: fc.option(PATH),
    variables,
    restart: fc.constantFrom("always" as const, "on-failure" as const, "never" as const),
    stopSignal: fc.constantFrom("SIGTERM", "SIGINT", "SIGUSR1"),
    stopTimeoutS: fc.integer({ min: 1, max: 300 }),
    memoryMb: fc.option(fc.integer({ min: 1, max: 1_048_576 })),
    health: fc.option(fc.record({
      command: COMMAND,
      intervalS: fc.integer({ min: 1, max: 3_600 }),
      timeoutS: fc.integer({ min: 1, max: 3_600 }),
      retries: fc.integer({ min: 1, max: 100 }),
    })),
    watches: fc.uniqueArray(PATH, { maxLength: 4 }),
  }).map(({ variables, ...service }) => ({
    ...service,
    variables: new Map(
      variables.flatMap(([name, value, _path, isPlain]) => isPlain ? [[name, value]] : []),
    ),
    fileVariables: new Map(
      variables.flatMap(([name, _value, path, isPlain]) => isPlain ? [] : [[name, path]]),
    ),
  }));
}

/** Makes a plain service, with what is said of it. */
export function serviceOf(name: string, more: Partial<Service> = {}): Service {
  return {
    name,
    command: ["run"],
    folder: null,
    variables: new Map(),
    fileVariables: new Map(),
    restart: "always",
    stopSignal: "SIGTERM",
    stopTimeoutS: 10,
    memoryMb: null,
    health: null,
    watches: [],
    ...more,
  };
}
