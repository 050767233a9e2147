/**
 * What a test asks of the library in another runtime. Everything here is the library and Web APIs; how
 * a task gets into the runtime, and how a connection gets out, is the one thing that each adds.
 *
 * @module
 */
import type { RolePlay } from "../../vectors/role_play.ts";
import { type EmbeddedOutcome, runEmbeddedPair } from "../../examples/embedded_pair.ts";
import type { Dial } from "./dial.ts";
import { type FluxOutcome, type FluxTask, workOutFlux } from "./flux_task.ts";
import {
  type AgentTask,
  keep,
  type KeeperTask,
  serve,
  type SessionOutcome,
} from "./session_tasks.ts";
import { playVector, type VectorTask } from "./vector_task.ts";

/** Every task with what it is given and what it returns; both are plain data. */
export interface Tasks {
  /** Plays a vector. */
  readonly vector: readonly [VectorTask, RolePlay | null];
  /** Is a keeper. */
  readonly keep: readonly [KeeperTask, SessionOutcome];
  /** Is an agent, over a connection that it opens itself. */
  readonly serve: readonly [AgentTask & { readonly port: number }, SessionOutcome];
  /** Works out the vectors of Flux. */
  readonly flux: readonly [FluxTask, FluxOutcome];
  /** Embeds an agent and a keeper, as the examples do. */
  readonly embed: readonly [null, EmbeddedOutcome];
}

/** A task as it is sent. */
export type Task = {
  readonly [Kind in keyof Tasks]: { readonly kind: Kind; readonly input: Tasks[Kind][0] };
}[keyof Tasks];

/** Does a task. */
export async function perform(task: Task, dial: Dial): Promise<Tasks[keyof Tasks][1]> {
  switch (task.kind) {
    case "vector":
      return await playVector(task.input, dial);
    case "keep":
      return await keep(task.input, dial);
    case "serve":
      return await serve(task.input, await dial(task.input.port));
    case "flux":
      return await workOutFlux(task.input);
    case "embed":
      return await runEmbeddedPair();
  }
}
