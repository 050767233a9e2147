/**
 * STARTAES and FAILED as an agent gets them: section 6.
 *
 * @module
 */
import { ADDRESS, NOW, SIGNATURE } from "../reference.ts";
import { NOTHING_TO_DO } from "./agent_opening.ts";
import { broken, refused, refusedByPeer, type Scenario, scenariosOf } from "./scenario.ts";

const { good, bad } = scenariosOf("agent");
const REQUIRED = { header: [["statement", "required"]] } as const;

interface KeeperMembers {
  readonly Address?: unknown;
  readonly Issued?: unknown;
  readonly Expires?: unknown;
  readonly Signature?: unknown;
}

function signed(members: KeeperMembers = {}): string {
  const Keeper = {
    Address: ADDRESS,
    Issued: NOW,
    Expires: NOW + 300,
    Signature: SIGNATURE,
    ...members,
  };
  return `passed ${JSON.stringify({ Keeper })}`;
}

function issued(at: number, lifetime = 300): string {
  return signed({ Issued: at, Expires: at + lifetime });
}

function signedWell(name: string, step: string): Scenario {
  return good(`statement_${name}`, ["line2 {}", step, ...NOTHING_TO_DO.slice(1)], REQUIRED);
}

function signedBadly(name: string, outcome: string, step: string): Scenario {
  return bad(`statement_${name}`, outcome, ["line2 {}", step], REQUIRED);
}

function malformed(name: string, step: string): Scenario {
  return bad(name, broken("message-malformed"), ["line2 {}", step]);
}

/** Scenarios of the confirmation in the agent's role. */
export const AGENT_CONFIRMATION: readonly Scenario[] = [
  signedWell("good", signed()),
  signedWell("oldest", issued(NOW - 300)),
  signedWell("from_a_fast_clock", issued(NOW + 300)),
  signedBadly("missing", refused("statement-missing"), "passed {}"),
  signedBadly("null", refused("statement-missing"), 'passed {"Keeper":null}'),
  signedBadly("too_old", refused("statement-expired"), issued(NOW - 301)),
  signedBadly("from_the_future", refused("statement-expired"), issued(NOW + 301)),
  signedBadly("too_short", refused("statement-expired"), issued(NOW, 299)),
  signedBadly("too_long", refused("statement-expired"), issued(NOW, 301)),
  signedBadly(
    "by_another_key",
    refused("statement-invalid"),
    signed({ Signature: `${"A".repeat(87)}=` }),
  ),
  signedBadly(
    "signature_short",
    broken("message-malformed"),
    signed({ Signature: `${"A".repeat(86)}==` }),
  ),
  signedBadly(
    "signature_not_canonical",
    broken("message-malformed"),
    signed({ Signature: `${"A".repeat(86)}B=` }),
  ),
  signedBadly("address_malformed", broken("message-malformed"), signed({ Address: "1keeper" })),
  signedBadly("issued_fraction", broken("message-malformed"), signed({ Issued: NOW + 0.5 })),
  signedBadly("issued_text", broken("message-malformed"), signed({ Issued: `${NOW}` })),
  good("passed_unsigned", ["line2 {}", ...NOTHING_TO_DO]),
  good("passed_signed_unasked", ["line2 {}", signed(), ...NOTHING_TO_DO.slice(1)]),
  malformed("passed_text_other", 'passed {"Text":"Test"}'),
  malformed("passed_state_other", 'message {"State":"READY"}'),
  malformed("passed_not_json", "message Passed"),
  malformed("passed_empty", "frame 01"),
  malformed("passed_keeper_list", 'passed {"Keeper":[]}'),
  bad("failed_pending", refusedByPeer("agent-pending"), [
    "line2 {}",
    'message {"State":"FAILED","Code":"agent-pending"}',
    "end",
  ]),
  bad("failed_unknown_code", refusedByPeer("rejected"), [
    "line2 {}",
    'message {"State":"FAILED","Code":"moon-full"}',
    "end",
  ]),
  bad("failed_protocol_code", refusedByPeer("rejected"), [
    "line2 {}",
    'message {"State":"FAILED","Code":"open-failed"}',
    "end",
  ]),
  malformed("failed_without_code", 'message {"State":"FAILED"}'),
  malformed("failed_with_words", 'message {"State":"FAILED","Code":"Go away!"}'),
];
