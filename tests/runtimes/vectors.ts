/**
 * Every vector of protocol 2 in other runtimes, with the library unchanged.
 *
 * `deno task test:runtimes` runs it; it needs the runtimes that the task fetches.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import { isCalculation } from "../vectors/calculation_check.ts";
import { readVectors } from "../vectors/reference.ts";
import { checkRole, cutsOf, referenceFor } from "../vectors/role_run.ts";
import { parseVector, type Vector, VECTOR_COUNT } from "../vectors/vector_file.ts";
import { pass, Port } from "./host/join.ts";
import type { Runtime } from "./host/runtime.ts";
import { RUNTIMES } from "./host/runtimes.ts";

/** Plays a vector in a runtime: the role is there, the peer here, a port of this machine between. */
async function playVector(
  runtime: Runtime,
  vector: Vector & { readonly text: string },
): Promise<void> {
  const { name, text } = vector;
  const reference = referenceFor(vector);
  if (isCalculation(vector)) {
    await runtime.perform("vector", { name, text, cut: "whole", reference, port: 0 });
    return;
  }
  for (const cut of cutsOf(vector)) {
    await checkRole(vector, {
      cut: "whole",
      play: async (_, duplex) => {
        using port = new Port();
        const playing = runtime.perform("vector", {
          ...{ name, text, cut, reference },
          port: port.number,
        });
        const connection = await Promise.race([port.accept(), playing]);
        if (connection === null || !("duplex" in connection)) throw new Error("it does not dial");
        const hearing = pass(connection.duplex.readable, duplex.writable);
        const saying = pass(duplex.readable, connection.duplex.writable);
        const played = await playing;
        await hearing;
        connection.close();
        await saying;
        assert(played !== null);
        return played;
      },
    });
  }
}

for (const [name, start] of Object.entries(RUNTIMES)) {
  Deno.test(`${name} plays all ${VECTOR_COUNT} vectors of protocol 2`, async () => {
    await using runtime = await start();
    const failures: string[] = [];
    let played = 0;
    for (const [file, text] of readVectors()) {
      const vector = parseVector(file.replace(".txt", ""), text);
      try {
        await playVector(runtime, { ...vector, text });
        played++;
      } catch (error) {
        failures.push(`${vector.name}: ${error instanceof Error ? error.message : error}`);
      }
    }
    assertEquals(failures, []);
    assertEquals(played, VECTOR_COUNT);
  });
}
