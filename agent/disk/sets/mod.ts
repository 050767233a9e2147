/**
 * Folders that are exchanged as a whole.
 *
 * @module
 */
export type { SetBuild, SetPlan } from "./set_build.ts";
export { SetBuilds } from "./set_builds.ts";
export { copyEntry } from "./tree_copy.ts";
