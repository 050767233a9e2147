/**
 * Line 1 and the confirmation, as a keeper gets them: sections 2, 3 and 6.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { composeLine1 } from "../../interop/second_implementation/opening.ts";
import { AGENT_NONCE, rsaKeys } from "../reference.ts";
import {
  broken,
  brokenSilently,
  refused,
  refusedByPeer,
  type Scenario,
  scenariosOf,
  TRUNCATED,
} from "./scenario.ts";

const { good, bad } = scenariosOf("keeper");
const LINE1 = composeLine1(rsaKeys("2048").publicKey, AGENT_NONCE).toString().trimEnd();
const PEM: string = JSON.parse(LINE1).PublicKey;
const DER = Buffer.from(PEM.split("\n").slice(1, -1).join(""), "base64");
const RECORDED = { isScript: false } as const;

/** A session in which there is nothing to do, after the keeper's STARTAES. */
export const NOTHING_ASKED: readonly string[] = [
  "ready {}",
  "await MANIFEST",
  'message {"State":"MANIFEST-REPLY","Id":0,"Held":true}',
  'done {} ""',
  "await DONE-REPLY",
  "end",
];

function pemOf(der: Uint8Array): string {
  const text = Buffer.from(der).toString("base64").replace(/.{64}(?=.)/g, "$&\n");
  return `-----BEGIN PUBLIC KEY-----\n${text}\n-----END PUBLIC KEY-----`;
}

function line(name: string, code: string, step: string): Scenario {
  return bad(`line1_${name}`, brokenSilently(code), [step], RECORDED);
}

function key(name: string, PublicKey: string): Scenario {
  return line(`key_${name}`, "key-malformed", `line1 ${JSON.stringify({ PublicKey })}`);
}

function patched(at: number, ...bytes: number[]): string {
  const der = Buffer.from(DER);
  der.set(bytes, at < 0 ? der.length + at : at);
  return pemOf(der);
}

/** A SubjectPublicKeyInfo whose modulus has another length. */
function sized(modulusBytes: number): string {
  const tlv = (tag: number, ...parts: Uint8Array[]): Buffer => {
    const body = Buffer.concat(parts);
    return Buffer.concat([Buffer.from([tag, 0x82, body.length >> 8, body.length & 255]), body]);
  };
  const integer = tlv(2, Buffer.from([0]), Buffer.alloc(modulusBytes, 0xc5));
  const sequence = tlv(0x30, integer, Buffer.from("0203010001", "hex"));
  const algorithm = Buffer.from("300d06092a864886f70d0101010500", "hex");
  return pemOf(tlv(0x30, algorithm, tlv(3, Buffer.from([0]), sequence)));
}

const LINES: readonly Scenario[] = [
  line("version_absent", "version-unsupported", 'line1 {"Version":"$absent"}'),
  line("version_1", "version-unsupported", 'line1 {"Version":1}'),
  line("version_text", "version-unsupported", 'line1 {"Version":"2"}'),
  line("version_3_other_state", "version-unsupported", 'line1 {"Version":3,"State":"HELLO"}'),
  line("state_other", "message-malformed", 'line1 {"State":"AESKEY"}'),
  line("not_json", "message-malformed", `text ${LINE1.slice(0, -1)}`),
  line("not_an_object", "message-malformed", "text SSH-2.0-OpenSSH_9.9"),
  line("nonce_absent", "message-malformed", 'line1 {"Nonce":"$absent"}'),
  line("nonce_short", "message-malformed", `line1 {"Nonce":"${"00".repeat(31)}"}`),
  line("suites_absent", "message-malformed", 'line1 {"Suites":"$absent"}'),
  line("suites_17", "message-malformed", `line1 {"Suites":${JSON.stringify(Array(17).fill("A"))}}`),
  line("suites_with_space", "message-malformed", 'line1 {"Suites":["A B"]}'),
  line("suites_none", "suite-unsupported", 'line1 {"Suites":[]}'),
  line("suites_unknown", "suite-unsupported", 'line1 {"Suites":["X25519-MLKEM768+A256GCM"]}'),
  line("too_long", "line-too-long", 'line1 {"Pad":"{pad 8192}"}'),
  line("key_number", "message-malformed", 'line1 {"PublicKey":1}'),
  bad("line1_truncated", TRUNCATED, ["bytes 7b22", "end"], RECORDED),
  bad("line1_absent", TRUNCATED, ["end"], RECORDED),
  key("empty", ""),
  key("of_1024_bits", sized(128)),
  key("of_2056_bits", sized(257)),
  key("of_8192_bits", sized(1024)),
  key("of_2047_bits", patched(33, 0x45)),
  key("even", patched(-6, 0x10)),
  key(
    "exponent_3",
    pemOf(Buffer.concat([
      Buffer.from("30820120", "hex"),
      DER.subarray(4, 21),
      Buffer.from("0382010d0030820108", "hex"),
      DER.subarray(28, -5),
      Buffer.from("020103", "hex"),
    ])),
  ),
  key("exponent_65539", patched(-1, 3)),
  key("of_another_algorithm", patched(18, 0x0a)),
  key("without_parameters", patched(19, 0x04)),
  key("with_unused_bits", patched(28 - 5, 1)),
  key("with_a_trailing_byte", pemOf(Buffer.concat([DER, Buffer.from([0])]))),
  key("of_pkcs1", pemOf(DER.subarray(24))),
  key("with_other_label", PEM.replaceAll("PUBLIC KEY", "RSA PUBLIC KEY")),
  key("with_carriage_returns", PEM.replaceAll("\n", "\r\n")),
  key("with_final_newline", `${PEM}\n`),
  key("with_white_space_before", ` ${PEM}`),
  key("in_one_line", PEM.replaceAll(/(?<=[^-])\n(?=[^-])/g, "")),
  key("with_other_padding", PEM.replace("\n-----END", "=\n-----END")),
];

function opened(name: string, outcome: string, steps: readonly string[]): Scenario {
  return bad(name, outcome, ["line1 {}", "read-line2", ...steps]);
}

function claim(name: string, json: string): Scenario {
  return opened(`claim_${name}`, broken("message-malformed"), [`claim ${json}`]);
}

function identity(name: string, key: string, signature: string): Scenario {
  const Identity = { Key: key, Signature: signature };
  return opened(`claim_${name}`, refused("identity-invalid"), [
    `claim ${JSON.stringify({ Identity })}`,
  ]);
}

// A signature that some platforms verify under a key of order 1, for any message: R is the neutral
// element, S is 0.
const NEUTRAL = `01${"00".repeat(31)}`;
/** A node of the Flux network: a transaction and the number of its output. */
const NODE_ID = `${"a0".repeat(32)}1`;
const FORGERY = `${NEUTRAL}${"00".repeat(32)}`;
const SMALL_ORDER = {
  1: NEUTRAL,
  2: `ec${"ff".repeat(30)}7f`,
  4: "00".repeat(32),
  "4_other_sign": `${"00".repeat(31)}80`,
  8: "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "8_other": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
};

const CLAIMS: readonly Scenario[] = [
  claim("text_other", '{"Text":"Passed"}'),
  claim("state_other", '{"State":"READY"}'),
  claim("app_with_space", '{"App":"my app"}'),
  claim("app_dash", '{"App":"-"}'),
  claim("app_too_long", `{"App":"${"a".repeat(64)}"}`),
  claim("component_with_newline", '{"Component":"db\\nagent: 00"}'),
  claim("instance_short", '{"Instance":"00"}'),
  claim("identity_absent", '{"Identity":"$absent"}'),
  claim("identity_key_short", '{"Identity":{"Key":"00","Signature":"$signature"}}'),
  claim("signature_short", '{"Identity":{"Key":"$key","Signature":"00"}}'),
  claim("enrolment_short", '{"Enrolment":"00"}'),
  claim("node_by_name", `{"Node":{"Id":"${NODE_ID}","Ip":"example.org"}}`),
  claim("node_without_output", `{"Node":{"Id":"${NODE_ID.slice(1)}","Ip":"203.0.113.7"}}`),
  ...Object.entries(SMALL_ORDER).map(([order, key]) => {
    return identity(`key_of_order_${order}`, key, FORGERY);
  }),
  identity("key_not_canonical", `ee${"ff".repeat(30)}7f`, FORGERY),
  identity("key_above_the_prime", `${"ff".repeat(31)}7f`, FORGERY),
  identity("signature_of_small_order", "$key", FORGERY),
  identity("signature_of_another_session", "$key", "5a".repeat(64)),
  good("claim_good", ["line1 {}", "read-line2", "claim {}", "await STARTAES", ...NOTHING_ASKED]),
  good("claim_of_a_node", [
    "line1 {}",
    "read-line2",
    `claim {"Node":{"Id":"${NODE_ID}","Ip":"203.0.113.7:16137","Country":"DE"}}`,
    "await STARTAES",
    ...NOTHING_ASKED,
  ]),
  good("claim_without_names", [
    "line1 {}",
    "read-line2",
    'claim {"App":null,"Component":"$absent","Enrolment":null}',
    "await STARTAES",
    ...NOTHING_ASKED,
  ]),
  good("claim_key_of_3072_bits", [
    ...["line1 {}", "read-line2", "claim {}", "await STARTAES", ...NOTHING_ASKED],
  ], { header: [["rsa", "3072"]] }),
  good("claim_key_of_4096_bits", [
    ...["line1 {}", "read-line2", "claim {}", "await STARTAES", ...NOTHING_ASKED],
  ], { header: [["rsa", "4096"]] }),
  good("claim_enrolled", [
    "line1 {}",
    "read-line2",
    'claim {"Enrolment":"$enrolment"}',
    "await STARTAES",
    ...NOTHING_ASKED,
  ], { header: [["enrolment", "required"]] }),
  bad("claim_enrolled_as_another", refused("enrolment-invalid"), [
    "line1 {}",
    "read-line2",
    'claim {"Enrolment":"$enrolment","Component":"web"}',
  ], { header: [["enrolment", "required"]] }),
  bad("claim_not_enrolled", refused("enrolment-invalid"), ["line1 {}", "read-line2", "claim {}"], {
    header: [["enrolment", "required"]],
  }),
  good("claim_signed_for", [
    ...["line1 {}", "read-line2", "claim {}", "await STARTAES", ...NOTHING_ASKED],
  ], { header: [["statement", "required"]] }),
  opened("claim_failed", refusedByPeer("shutting-down"), [
    'message {"State":"FAILED","Code":"shutting-down"}',
    "end",
  ]),
  opened("claim_flipped", brokenSilently("open-failed"), ["hold claim {}", "held 0 flip 40"]),
  opened("claim_frame_too_large", brokenSilently("frame-too-large"), ["bytes 00001012"]),
  opened("claim_ping", brokenSilently("message-unexpected"), ["ping 0102030405060708"]),
  opened("claim_absent", TRUNCATED, ["end"]),
];

function ready(name: string, outcome: string, steps: readonly string[]): Scenario {
  return opened(`ready_${name}`, outcome, ["claim {}", "await STARTAES", ...steps]);
}

const READY: readonly Scenario[] = [
  ready("software_with_space", broken("message-malformed"), ['ready {"Software":"a b"}']),
  ready("software_empty", broken("message-malformed"), ['ready {"Software":""}']),
  ready("software_too_long", broken("message-malformed"), [
    `ready {"Software":"${"x".repeat(65)}"}`,
  ]),
  ready("wants_absent", broken("message-malformed"), ['ready {"Wants":"$absent"}']),
  ready("wants_17", broken("message-malformed"), [
    `ready {"Wants":${JSON.stringify(Array(17).fill("a"))}}`,
  ]),
  ready("refused", refusedByPeer("statement-missing"), [
    'message {"State":"FAILED","Code":"statement-missing"}',
    "end",
  ]),
  ready("claim_again", broken("message-malformed"), ["claim {}"]),
  ready("flipped", brokenSilently("open-failed"), ["hold ready {}", "held 0 flip 230"]),
  ready("replayed", brokenSilently("open-failed"), ["hold ready {}", "held 0", "held 0"]),
  ready("absent", TRUNCATED, ["end"]),
  good("ready_wants_unknown", [
    "line1 {}",
    "read-line2",
    "claim {}",
    "await STARTAES",
    'ready {"Wants":["files","moon-light"]}',
    ...NOTHING_ASKED.slice(1),
  ]),
];

/** Scenarios of the opening in the keeper's role. */
export const KEEPER_OPENING: readonly Scenario[] = [...LINES, ...CLAIMS, ...READY];
