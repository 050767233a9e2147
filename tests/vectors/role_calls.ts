/**
 * What a role offers to its peer, and what it calls itself, as a vector asks for. It runs in every
 * runtime, as the role does.
 *
 * @module
 */
import {
  type Action,
  type CallDesk,
  CallError,
  type ReceiveStream,
  type SessionCalls,
} from "../../protocol/mod.ts";
import { header, headers, type Vector } from "./vector_file.ts";

const ECHO: Action = {
  name: "echo",
  async run({ stream, openOutput }, input) {
    if (stream === null) return input;
    const output = await openOutput();
    for await (const piece of stream) await output.write(piece);
    return input;
  },
};

const FAIL: Action = {
  name: "fail",
  run: () => Promise.reject(new CallError("no-luck", "nothing comes of it")),
};

const HOLD: Action = {
  name: "hold",
  run: ({ signal }) =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
};

async function readText(stream: ReceiveStream): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of stream) text += decoder.decode(piece, { stream: true });
  return text;
}

/** Makes the calls of a vector, one after the other, and says what came of each. */
async function makeCalls(desk: CallDesk, vector: Vector, answers: string[]): Promise<void> {
  for (const line of headers(vector, "call")) {
    const [action = "", json] = line.split(" ");
    let came = "";
    try {
      const output = await desk.call(action, {
        ...(json === undefined ? {} : { input: JSON.parse(json) }),
        onProgress: (progress) => came += ` ${JSON.stringify(progress)}`,
        takeOutput: async (stream) => void (came += ` ${await readText(stream)}`),
      });
      answers.push(`${action}${came} ${JSON.stringify(output) ?? "nothing"}`);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      answers.push(`${action}${came} ${error.code}`);
    }
  }
}

/** Returns the calls of a vector, `undefined` where it has none; what comes of them goes to a list. */
export function callsOf(vector: Vector, answers: string[]): SessionCalls | undefined {
  const isOffered = header(vector, "calls") !== null;
  if (!isOffered && headers(vector, "call").length === 0) return undefined;
  return {
    actions: isOffered ? [ECHO, FAIL, HOLD] : [],
    work: (desk) => makeCalls(desk, vector, answers),
  };
}
