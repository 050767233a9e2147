/**
 * How a guest reaches the test.
 *
 * @module
 */
import type { Duplex } from "../../../protocol/mod.ts";

/** Connects to a port of 127.0.0.1 by what the runtime has. */
export type Dial = (port: number) => Promise<Duplex>;
