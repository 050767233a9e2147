/**
 * Plays the role of one vector in the runtime; the vector's peer is in the test.
 *
 * @module
 */
import type { Duplex } from "../../../protocol/mod.ts";
import { checkCalculation, isCalculation } from "../../vectors/calculation_check.ts";
import { playRole, type RolePlay, type RoleReference } from "../../vectors/role_play.ts";
import { parseVector } from "../../vectors/vector_file.ts";
import type { Dial } from "./dial.ts";

/** A vector to be played. */
export interface VectorTask {
  /** The scenario. */
  readonly name: string;
  /** The text of its file. */
  readonly text: string;
  /** How the bytes of the peer are cut before the role gets them. */
  readonly cut: "whole" | "random" | "bytes";
  /** The keys and numbers that the vectors share. */
  readonly reference: RoleReference;
  /** The port of the test behind which the peer waits. */
  readonly port: number;
}

/** Cuts what comes in further, the same way in each run. */
function cutIncoming({ readable, writable }: Duplex, cut: VectorTask["cut"]): Duplex {
  if (cut === "whole") return { readable, writable };
  let random = 7;
  const draw = () => {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    return 1 + (random >>> 24);
  };
  const cutter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      for (let at = 0; at < chunk.length;) {
        const length = cut === "bytes" ? 1 : draw();
        controller.enqueue(chunk.slice(at, at + length));
        at += length;
      }
    },
  });
  return { readable: readable.pipeThrough(cutter), writable };
}

/** Plays a vector; `null` for one that computes and did so right. */
export async function playVector(task: VectorTask, dial: Dial): Promise<RolePlay | null> {
  const { name, text, cut, reference, port } = task;
  const vector = parseVector(name, text);
  if (isCalculation(vector)) {
    await checkCalculation(vector, reference.identitySeed);
    return null;
  }
  return await playRole(vector, { duplex: cutIncoming(await dial(port), cut), reference });
}
