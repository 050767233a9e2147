import fc from "fast-check";
import { encodeUtf8 } from "../../protocol/bytes.ts";
import { findPathFault, RESERVED_PREFIX, STAGE_PREFIX } from "../../protocol/secret_path.ts";
import { assert, assertEquals } from "../support/assert.ts";

const GOOD = [
  "a",
  ".env",
  "...",
  "a/b/c",
  "/etc/app/secret.key",
  " spaced out ",
  "caf\u00e9/\u{1f511}",
  "a".repeat(255),
  Array(5).fill("a".repeat(203)).join("/").slice(0, 1_019),
  'x:y*?"<>|',
  "fluxvault-stage-1",
  ".fluxvault",
];

for (const path of GOOD) {
  Deno.test(`findPathFault accepts ${JSON.stringify(path.slice(0, 40))}`, () => {
    assertEquals(findPathFault(path), null);
  });
}

const BAD: Readonly<Record<string, readonly string[]>> = {
  "is empty": [""],
  "has an empty segment": ["/", "//a", "a//b", "a/", "/a/"],
  'has the segment "."': [".", "./a", "a/./b", "/."],
  'has the segment ".."': ["..", "../a", "a/..", "a/../b", "/..", "/../etc/passwd"],
  "holds a control character or a backslash": [
    "a\0b",
    "a\n",
    "\ta",
    "\x7f",
    "a\u0085",
    "a\\b",
    "..\\a",
    "C:\\a",
    "\u2028",
    "\u2029",
  ],
  "holds a lone surrogate": ["\ud800", "a/\udc00b"],
  "is longer than 1024 bytes": [
    Array(9).fill("a".repeat(120)).join("/"),
    "\u00e9/".repeat(342) + "a",
  ],
  "has a segment longer than 255 bytes": [
    "a".repeat(256),
    "\u00e9".repeat(128),
    "a/" + "b".repeat(256),
  ],
  "has a segment that starts with .fluxvault-": [
    RESERVED_PREFIX,
    `${STAGE_PREFIX}1`,
    `a/${STAGE_PREFIX}1/b`,
    "a/.fluxvault-generation-1/b",
  ],
};

for (const [fault, paths] of Object.entries(BAD)) {
  for (const path of paths) {
    Deno.test(`findPathFault says that ${JSON.stringify(path.slice(0, 30))} ${fault}`, () => {
      assertEquals(findPathFault(path), fault);
    });
  }
}

Deno.test("findPathFault accepts nothing that climbs, hides or is too long", () => {
  const piece = fc.constantFrom(
    "a",
    "/",
    ".",
    "..",
    "\\",
    "\0",
    "\u00e9",
    "\ud800",
    "x".repeat(200),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const path = pieces.join("");
      if (findPathFault(path) !== null) return;
      const segments = path.replace(/^\//, "").split("/");
      assert(segments.every((segment) => !["", ".", ".."].includes(segment)));
      assert(segments.every((segment) => encodeUtf8(segment).length <= 255));
      assert(path.isWellFormed() && !/[\\\0]/.test(path));
    }),
    { numRuns: 2_000 },
  );
});
