/**
 * The runtimes that the library is tried in.
 *
 * @module
 */
import { chromium, EXECUTABLES, runtimesFolder } from "../versions.ts";
import { startChromium } from "./chromium_runtime.ts";
import { startNode } from "./node_runtime.ts";
import type { Runtime } from "./runtime.ts";
import { startWorkerd } from "./workerd_runtime.ts";

const FOLDER = runtimesFolder();

/** How each is started, by its name. */
export const RUNTIMES: Readonly<Record<string, () => Promise<Runtime>>> = {
  "Node.js 20": () => startNode(`${FOLDER}/${EXECUTABLES.node20}`),
  "Node.js 22": () => startNode(`${FOLDER}/${EXECUTABLES.node22}`),
  "Node.js 24": () => startNode(`${FOLDER}/${EXECUTABLES.node24}`),
  "Bun": () => startNode(`${FOLDER}/${EXECUTABLES.bun}`),
  "workerd": () => startWorkerd(`${FOLDER}/${EXECUTABLES.workerd}`),
  "Chromium": () => startChromium(chromium()),
};
