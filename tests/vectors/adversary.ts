/**
 * A peer that says what a vector tells it to, right or wrong, built on the second implementation.
 *
 * One step a line. `JSON` stands for members that replace those of a good message; the value
 * `"$absent"` takes a member out.
 *
 * | step | what the peer does |
 * | --- | --- |
 * | `bytes HEX`, `text TEXT` | sends bytes as they are; a text with a newline behind it |
 * | `line1 JSON`, `read-line2` | agent: sends its opening line; reads the keeper's |
 * | `wrap JSON`, `line2 JSON`, `raw-line2 TEXT` | keeper: wraps S otherwise; sends its opening line |
 * | `claim JSON`, `ready JSON`, `passed JSON` | sends STARTAES, READY |
 * | `message TEXT`, `frame HEX` | seals and sends a message, a plaintext |
 * | `chunk ID N`, `last ID N`, `text-last ID TEXT` | sends N zero bytes, or a text, on a stream |
 * | `window ID N`, `reset ID CODE`, `ping HEX` | sends such a frame |
 * | `manifest FILES with JSON`, `manifest-raw STRING`, `manifest-hex HEX` | sends MANIFEST |
 * | `manifest-data JSON`, `data ID PATH with JSON` | sends that and its stream |
 * | `data-text ID STRING with JSON`, `data-hex ID HEX with JSON` | sends DATA with these contents |
 * | `announce ID PATH with JSON` | sends a DATA of success and nothing on its stream |
 * | `parts JSON`, `parts-hex HEX with JSON` | sends MANIFEST-PARTS and the list, or these bytes |
 * | `wanted I,J with JSON`, `blank N with JSON` | sends MANIFEST-DATA with these parts, or N spaces |
 * | `wants HEX with JSON` | sends MANIFEST-WANTS and these bits |
 * | `request ID PATH with JSON`, `done COUNTS STRING with JSON` | sends REQUEST; DONE and its lines |
 * | `say HEX with JSON` | sends a message of these members, and these bytes on its stream |
 * | `hold STEP`, `held I [flip BIT] [cut N]` | seals frames for later; sends the I-th, damaged |
 * | `repeat N STEP` | does it N times, with `#` as the count i from 0, `{odd}` as 2i + 1, `{even}` as 2i |
 * | `reflect`, `skip-stream` | sends back the frame that comes next; passes over a stream number |
 * | `await STATE`, `wait N` | waits for a message; until the other side has sent N frames |
 * | `end` | ends its direction |
 *
 * `{pad N}` in any step stands for N letters x.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import {
  proveEnrolment,
  proveIdentity,
  rawKey,
} from "../interop/second_implementation/confirmation.ts";
import { decodeFrame, encodeFrame, uint32 } from "../interop/second_implementation/frame.ts";
import type { Fields } from "../interop/second_implementation/json.ts";
import { Direction, KeySchedule, sha256 } from "../interop/second_implementation/key_schedule.ts";
import { composeManifest, type VaultFile } from "../interop/second_implementation/manifest.ts";
import { countResults } from "../interop/second_implementation/results.ts";
import {
  composeLine1,
  composeLine2,
  parseLine2,
  unwrapSecret,
} from "../interop/second_implementation/opening.ts";
import { composeList, cutManifest } from "../interop/second_implementation/parts.ts";
import { encryptRaw, wrapWithOaep, wrapWithPkcs1 } from "./oaep.ts";
import * as reference from "./reference.ts";

/** What carries the steps to the role under test. */
export interface Wire {
  /** Sends bytes to it. */
  send(bytes: Uint8Array): void;
  /** Ends this direction. */
  end(): void;
  /** Waits until it has sent so many frames. */
  wait(frames: number): Promise<void>;
  /** Its opening line. */
  line(): Promise<Buffer>;
  /** Its next frame, with its length. */
  frame(): Promise<Buffer>;
}

/** Who plays against whom. */
export interface AdversaryOptions {
  /** The role under test; the adversary plays the other. */
  readonly against: "agent" | "keeper";
  /** The size of the RSA key. */
  readonly bits: string;
}

function override(fields: Fields, json: string): Fields {
  const merged = { ...fields, ...JSON.parse(json === "" ? "{}" : json) };
  for (const [name, value] of Object.entries(merged)) {
    if (value === "$absent") delete merged[name];
  }
  return merged;
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

function dataOf(Id: number, contents: Buffer): Fields {
  const Digest = sha256(contents).toString("hex");
  return { State: "DATA", Id, Status: "Success", Offset: 0, Digest, Mode: 0o600 };
}

/** The peer. */
export class Adversary {
  /** The keys, once both lines are known. */
  schedule: KeySchedule | null = null;
  /** S, once it is known. */
  secret: Buffer | null = null;
  readonly #wire: Wire;
  readonly #against: "agent" | "keeper";
  readonly #rsa: ReturnType<typeof reference.rsaKeys>;
  #line1: Buffer;
  #wrapped: Buffer;
  #out: Direction | null = null;
  #in: Direction | null = null;
  #nextStream: number;
  #files = new Map<string, VaultFile>();
  #manifest: Buffer = Buffer.alloc(0);
  #held: Buffer[] = [];
  #isHolding = false;

  /** Prepares everything that can be known before the first step. */
  constructor(wire: Wire, options: AdversaryOptions) {
    this.#wire = wire;
    this.#against = options.against;
    this.#rsa = reference.rsaKeys(options.bits);
    this.#line1 = composeLine1(this.#rsa.publicKey, reference.AGENT_NONCE);
    const seed = reference.fixedBytes("oaep seed");
    this.#wrapped = wrapWithOaep(this.#rsa.publicKey, reference.SESSION_SECRET, { seed });
    this.#nextStream = options.against === "agent" ? 1 : 0;
  }

  /** Does all steps. */
  async run(steps: readonly string[]): Promise<void> {
    for (const step of steps) {
      if (!step.startsWith("#")) await this.#do(step);
    }
  }

  #derive(secret: Buffer, line2: Uint8Array): void {
    this.secret = secret;
    this.schedule = new KeySchedule(secret, this.#line1, line2);
    const { agentToKeeper, keeperToAgent, transcript } = this.schedule;
    const agent = new Direction(agentToKeeper, transcript);
    const keeper = new Direction(keeperToAgent, transcript);
    [this.#out, this.#in] = this.#against === "agent" ? [keeper, agent] : [agent, keeper];
  }

  #seal(plaintext: Uint8Array): void {
    if (this.#out === null) throw new Error("there are no keys yet");
    const frame = this.#out.seal(plaintext);
    if (this.#isHolding) this.#held.push(frame);
    else this.#wire.send(frame);
  }

  #say(fields: Fields): void {
    this.#seal(encodeFrame({ kind: "message", fields }));
  }

  #sayWithStream(fields: Fields, bytes: Uint8Array, json: string): void {
    const stream = this.#nextStream;
    this.#nextStream += 2;
    this.#say(override({ ...fields, Stream: stream, StreamSize: bytes.length }, json));
    this.#seal(Buffer.concat([Buffer.from([3]), uint32(stream), bytes]));
  }

  async #do(text: string): Promise<void> {
    const step = text.replace(/\{pad (\d+)\}/g, (_, length) => "x".repeat(Number(length)));
    const [word, rest] = split(step, " ");
    const [main, extra] = split(rest, " with ");
    const words = main.split(" ");
    const number = (i: number): number => Number(words[i]);
    switch (word) {
      case "bytes":
        return this.#wire.send(Buffer.from(rest, "hex"));
      case "text":
        return this.#wire.send(Buffer.from(`${rest}\n`));
      case "end":
        return this.#wire.end();
      case "wait":
        return await this.#wire.wait(number(0));
      case "await":
        return await this.#await(rest);
      case "line1": {
        const fields = override(JSON.parse(this.#line1.toString()), rest);
        this.#line1 = Buffer.from(`${JSON.stringify(fields)}\n`);
        return this.#wire.send(this.#line1);
      }
      case "read-line2": {
        const line2 = await this.#wire.line();
        const wrapped = parseLine2(line2, this.#wrapped.length);
        return this.#derive(unwrapSecret(this.#rsa.privateKey, wrapped), line2);
      }
      case "wrap":
        this.#wrapped = this.#wrap(JSON.parse(rest));
        return;
      case "line2": {
        const fields = JSON.parse(composeLine2(reference.KEEPER_NONCE, this.#wrapped).toString());
        return this.#sendLine2(JSON.stringify(override(fields, rest)));
      }
      case "raw-line2":
        return this.#sendLine2(rest.replace("$Key", this.#wrapped.toString("hex")));
      case "claim":
        return this.#say(this.#claim(rest));
      case "ready":
        return this.#say(override({ State: "READY", Software: "v/1", Wants: ["files"] }, rest));
      case "passed":
        return this.#say(override({ State: "STARTAES", Text: "Passed" }, rest));
      case "message":
        return this.#seal(Buffer.from(`\x01${rest}`));
      case "frame":
        return this.#seal(Buffer.from(rest, "hex"));
      case "chunk":
      case "last": {
        const kind = Buffer.from([word === "chunk" ? 2 : 3]);
        return this.#seal(Buffer.concat([kind, uint32(number(0)), Buffer.alloc(number(1))]));
      }
      case "text-last": {
        const [id, text] = split(rest, " ");
        return this.#seal(Buffer.concat([Buffer.from([3]), uint32(Number(id)), Buffer.from(text)]));
      }
      case "window":
        return this.#seal(encodeFrame({ kind: "window", stream: number(0), granted: number(1) }));
      case "reset":
        return this.#seal(encodeFrame({ kind: "reset", stream: number(0), code: number(1) }));
      case "ping":
        return this.#seal(encodeFrame({ kind: "ping", data: Buffer.from(rest, "hex") }));
      case "manifest":
      case "manifest-raw":
      case "manifest-hex":
        return this.#sendManifest(word, main, extra);
      case "manifest-data":
        return this.#sayWithStream({ State: "MANIFEST-DATA", Id: 0 }, this.#manifest, rest);
      case "parts":
        return this.#sayParts(composeList(cutManifest(this.#manifest)), rest);
      case "parts-hex":
        return this.#sayParts(Buffer.from(main, "hex"), extra);
      case "wanted": {
        const parts = cutManifest(this.#manifest);
        const bytes = Buffer.concat(
          main.split(",").map((i) => parts[Number(i)] ?? Buffer.alloc(0)),
        );
        return this.#sayWithStream({ State: "MANIFEST-DATA", Id: 0 }, bytes, extra);
      }
      case "blank": {
        const bytes = Buffer.alloc(number(0), " ");
        return this.#sayWithStream({ State: "MANIFEST-DATA", Id: 0 }, bytes, extra);
      }
      case "wants": {
        const bits = Buffer.from(main, "hex");
        return this.#sayWithStream({ State: "MANIFEST-WANTS", Id: 0 }, bits, extra);
      }
      case "say":
        return this.#sayWithStream({}, Buffer.from(main, "hex"), extra);
      case "data-text":
      case "data-hex": {
        const [id, text] = split(main, " ");
        const contents = word === "data-hex"
          ? Buffer.from(text, "hex")
          : Buffer.from(JSON.parse(text));
        return this.#sayWithStream(dataOf(Number(id), contents), contents, extra);
      }
      case "announce":
      case "data":
        return this.#sendData(word, words, extra);
      case "request": {
        const fields = { State: "REQUEST", Id: number(0), File: words[1], Digest: null };
        return this.#say(override(fields, extra));
      }
      case "done": {
        const [counts, lines] = split(main, " ");
        const bytes = Buffer.from(JSON.parse(lines));
        const Counts = override({ ...countResults([], 0) }, counts);
        const Digest = sha256(bytes).toString("hex");
        return this.#sayWithStream({ State: "DONE", Counts, Digest }, bytes, extra);
      }
      case "hold":
        this.#isHolding = true;
        await this.#do(rest);
        this.#isHolding = false;
        return;
      case "reflect":
        return this.#wire.send(await this.#wire.frame());
      case "skip-stream":
        this.#nextStream += 2;
        return;
      case "held":
        return this.#sendHeld(words);
      case "repeat": {
        const [count, each] = split(rest, " ");
        for (let i = 0; i < Number(count); i++) {
          const numbered = each.replaceAll("{odd}", `${2 * i + 1}`).replaceAll(
            "{even}",
            `${2 * i}`,
          );
          await this.#do(numbered.replaceAll("#", `${i}`));
        }
        return;
      }
      default:
        throw new Error(`no such step: ${step}`);
    }
  }

  #sendLine2(text: string): void {
    const line2 = Buffer.from(`${text}\n`);
    this.#wire.send(line2);
    this.#derive(reference.SESSION_SECRET, line2);
  }

  #wrap(how: Fields): Buffer {
    const { publicKey } = this.#rsa;
    const message = typeof how.message === "string"
      ? Buffer.from(how.message, "hex")
      : reference.SESSION_SECRET;
    if (how.pkcs1 === true) return wrapWithPkcs1(publicKey, message);
    if (typeof how.raw === "string") return Buffer.from(how.raw, "hex");
    if (typeof how.block === "string") return encryptRaw(publicKey, Buffer.from(how.block, "hex"));
    return wrapWithOaep(publicKey, message, { seed: reference.fixedBytes("oaep seed"), ...how });
  }

  #claim(json: string): Fields {
    if (this.schedule === null) throw new Error("there are no keys yet");
    const { transcript } = this.schedule;
    const scope = { app: "myapp", component: "db" };
    const key = rawKey(reference.IDENTITY);
    const secret = reference.ENROLMENT_SECRET.toString("base64url");
    const proof = proveEnrolment(secret, transcript, key, scope).toString("hex");
    const signature = proveIdentity(reference.IDENTITY, transcript).toString("hex");
    const valid = {
      State: "STARTAES",
      Text: "Test",
      App: scope.app,
      Component: scope.component,
      Instance: reference.INSTANCE.toString("hex"),
      Identity: { Key: key.toString("hex"), Signature: signature },
    };
    return override(
      valid,
      json.replace("$enrolment", proof).replace("$signature", signature)
        .replace("$key", key.toString("hex")),
    );
  }

  #sayParts(list: Buffer, json: string): void {
    this.#sayWithStream({ State: "MANIFEST-PARTS", Id: 0 }, list, json);
  }

  #sendManifest(word: string, main: string, extra: string): void {
    if (word === "manifest-raw") this.#manifest = Buffer.from(JSON.parse(main));
    else if (word === "manifest-hex") this.#manifest = Buffer.from(main, "hex");
    else {
      for (const [path, text] of Object.entries(JSON.parse(main))) {
        const contents = Buffer.from(text as string);
        this.#files.set(path, { contents, mode: 0o600, strategy: "STRICT" });
      }
      this.#manifest = composeManifest(this.#files);
    }
    const fields = {
      State: "MANIFEST",
      Id: 0,
      Revision: 1000 * reference.NOW,
      Issued: reference.NOW,
      Expires: reference.NOW + 86_400,
      Digest: sha256(this.#manifest).toString("hex"),
      Size: this.#manifest.length,
    };
    this.#say(override(fields, extra));
  }

  #sendData(word: string, words: readonly string[], extra: string): void {
    const Id = Number(words[0]);
    const contents = this.#files.get(words.slice(1).join(" "))?.contents ?? Buffer.alloc(0);
    const fields = dataOf(Id, contents);
    if (word === "data") return this.#sayWithStream(fields, contents, extra);
    const stream = { Stream: this.#nextStream, StreamSize: contents.length };
    this.#say(override({ ...fields, ...stream }, extra));
  }

  #sendHeld(words: readonly string[]): void {
    const frame = Buffer.from(this.#held[Number(words[0])] as Buffer);
    const n = Number(words[2]);
    if (words[1] === "flip") frame[n >> 3] = (frame[n >> 3] as number) ^ (1 << (n & 7));
    this.#wire.send(words[1] === "cut" ? frame.subarray(0, n) : frame);
  }

  async #await(state: string): Promise<void> {
    for (;;) {
      const frame = await this.#wire.frame();
      if (this.#in === null) throw new Error("there are no keys yet");
      const content = decodeFrame(this.#in.open(frame.subarray(0, 4), frame.subarray(4)));
      if (content.kind === "message" && content.fields.State === state) return;
    }
  }
}
