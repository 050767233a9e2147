/**
 * Line 2 and the wrapped secret, as an agent gets them: sections 2 and 3.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { broken, brokenSilently, type Scenario, scenariosOf, TRUNCATED } from "./scenario.ts";

const { good, bad } = scenariosOf("agent");

/** A session in which there is nothing to do, after line 2. */
export const NOTHING_TO_DO: readonly string[] = [
  "passed {}",
  "manifest {}",
  "manifest-data {}",
  "wait 5",
  'message {"State":"DONE-REPLY"}',
  "end",
];

/** What a line 2 starts and ends with. */
const START = '{"State":"AESKEY","Version":2,"Suite":"RSA-OAEP-256+A256GCM",';
const END = `"Nonce":"${"5e".repeat(32)}","Key":"$Key"}`;
const LENGTH = START.length + END.length - "$Key".length + 512;

function nested(depth: number): string {
  // The line itself is the outermost.
  return `${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}`;
}

function lineOf(bytes: number): string {
  const name = '"Pad":"",';
  return `raw-line2 ${START}"Pad":"{pad ${bytes - 1 - LENGTH - name.length}}",${END}`;
}

function malformed(name: string, step: string): Scenario {
  return bad(`line2_${name}`, brokenSilently("message-malformed"), [step]);
}

function unwrapped(name: string, how: string): Scenario {
  const steps = [`wrap ${how}`, "line2 {}", "passed {}"];
  return bad(`wrap_${name}`, brokenSilently("open-failed"), steps);
}

/** Scenarios of the opening in the agent's role. */
export const AGENT_OPENING: readonly Scenario[] = [
  good("line2_good", ["line2 {}", ...NOTHING_TO_DO]),
  good("line2_key_of_3072_bits", ["line2 {}", ...NOTHING_TO_DO], { header: [["rsa", "3072"]] }),
  good("line2_key_of_4096_bits", ["line2 {}", ...NOTHING_TO_DO], { header: [["rsa", "4096"]] }),
  good("line2_unknown_members", ['line2 {"New":{"a":[1,null]},"__proto__":7}', ...NOTHING_TO_DO]),
  good("line2_duplicate_member", [`raw-line2 ${START}"Nonce":7,${END}`, ...NOTHING_TO_DO]),
  good("line2_white_space", [
    `raw-line2 ${START.replace(":", " :\t")} ${END} \r`,
    ...NOTHING_TO_DO,
  ]),
  good("line2_escapes", [
    `raw-line2 ${START.replace("AESKEY", "\\u0041ESKEY")}${END}`,
    ...NOTHING_TO_DO,
  ]),
  good("line2_nested_16", [`line2 {"Deep":${nested(16)}}`, ...NOTHING_TO_DO]),
  good("line2_longest", [lineOf(8192), ...NOTHING_TO_DO]),
  bad("line2_too_long", brokenSilently("line-too-long"), [lineOf(8193)]),
  bad("line2_endless", brokenSilently("line-too-long"), [`bytes ${"7b".repeat(8192)}`]),
  bad("line2_truncated", TRUNCATED, [`bytes ${Buffer.from(START).toString("hex")}`, "end"]),
  bad("line2_absent", TRUNCATED, ["end"]),
  bad("line2_version_3", brokenSilently("version-unsupported"), ['line2 {"Version":3}']),
  bad("line2_version_text", brokenSilently("version-unsupported"), ['line2 {"Version":"2"}']),
  bad("line2_version_null", brokenSilently("version-unsupported"), ['line2 {"Version":null}']),
  bad("line2_version_3_other_state", brokenSilently("version-unsupported"), [
    'text {"State":"HYBRID","Version":3}',
  ]),
  bad("line2_original", brokenSilently("version-unsupported"), [
    'text {"State":"AESKEY","enc_session_key":"00","tag":"00"}',
  ]),
  malformed("version_absent", 'line2 {"Version":"$absent"}'),
  malformed("state_other", 'line2 {"State":"KEYSENT"}'),
  malformed("state_absent", 'line2 {"State":"$absent"}'),
  bad("line2_suite_not_offered", brokenSilently("suite-unsupported"), [
    'line2 {"Suite":"X25519-MLKEM768+A256GCM"}',
  ]),
  malformed("suite_number", 'line2 {"Suite":1}'),
  malformed("nonce_short", `line2 {"Nonce":"${"ab".repeat(31)}"}`),
  malformed("nonce_upper_case", `line2 {"Nonce":"${"AB".repeat(32)}"}`),
  malformed("key_short", `line2 {"Key":"${"00".repeat(255)}"}`),
  malformed("key_long", `line2 {"Key":"${"00".repeat(257)}"}`),
  malformed("key_odd_digits", `line2 {"Key":"${"0".repeat(511)}"}`),
  malformed("empty", "text "),
  malformed("not_json", `text ${START}`),
  malformed("list", "text [2]"),
  malformed("white_space_before", `raw-line2  ${START}${END}`),
  malformed("byte_order_mark", `raw-line2 \ufeff${START}${END}`),
  malformed(
    "not_utf8",
    `bytes ${Buffer.from('{"State":"AESKEY","Version":2,"New":"').toString("hex")}ff227d0a`,
  ),
  malformed("lone_surrogate", `raw-line2 ${START}"New":"\\ud800",${END}`),
  malformed("lone_surrogate_in_name", `raw-line2 ${START}"\\udc00":1,${END}`),
  malformed("nested_17", `line2 {"Deep":${nested(17)}}`),
  unwrapped("label", '{"label":"fluxvault"}'),
  unwrapped("sha1", '{"hash":"sha1"}'),
  unwrapped("pkcs1", '{"pkcs1":true}'),
  unwrapped("first_byte_1", '{"first":1}'),
  unwrapped("separator_2", '{"separator":2}'),
  unwrapped("31_bytes", `{"message":"${"11".repeat(31)}"}`),
  unwrapped("33_bytes", `{"message":"${"11".repeat(33)}"}`),
  unwrapped("nothing", '{"message":""}'),
  unwrapped("zero", `{"raw":"${"00".repeat(256)}"}`),
  unwrapped("above_the_modulus", `{"raw":"${"ff".repeat(256)}"}`),
];

/** An agent that is asked for a signature in the handshake; broken is told to the peer. */
export const AGENT_FIRST_FRAME: readonly Scenario[] = [
  bad("first_frame_17_bytes_short", broken("frame-malformed"), ["line2 {}", "bytes 00000010"]),
  bad("first_frame_length_0", broken("frame-malformed"), ["line2 {}", "bytes 00000000"]),
  bad("first_frame_4114", broken("frame-too-large"), ["line2 {}", "bytes 00001012"]),
  good("first_frame_4113", [
    "line2 {}",
    `message {"State":"STARTAES","Text":"Passed","Pad":"{pad 4050}"}`,
    ...NOTHING_TO_DO.slice(1),
  ]),
  bad("first_frame_ping", broken("message-unexpected"), ["line2 {}", "ping 0102030405060708"]),
  bad("first_frame_chunk", broken("message-unexpected"), ["line2 {}", "last 1 0"]),
  bad("first_frame_truncated", TRUNCATED, ["line2 {}", "hold passed {}", "held 0 cut 20", "end"]),
  bad("first_frame_header_truncated", TRUNCATED, ["line2 {}", "bytes 0000", "end"]),
  bad("first_frame_absent", TRUNCATED, ["line2 {}", "end"]),
];
