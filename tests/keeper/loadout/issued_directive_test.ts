import { readDirective } from "../../../keeper/loadout/directive.ts";
import { readIssueTarget } from "../../../keeper/loadout/issued_directive.ts";
import { Problems } from "../../../keeper/loadout/problems.ts";
import { parseTree } from "../../../keeper/loadout/yaml_tree.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const CERTIFICATES = new Map([["web", null], ["mail", null]]);

function read(text: string) {
  const problems = new Problems();
  const tree = parseTree(text, { file: "f", problems });
  assert(tree !== null);
  const options = { hooks: new Map(), certificates: CERTIFICATES, problems };
  const directive = readDirective(tree, options);
  return { directive, errors: problems.errors().map(({ problem }) => problem) };
}

Deno.test("readDirective reads a certificate in the place of a source", () => {
  const { directive, errors } = read(
    "{ certificate: web, target: /etc/tls/, mode: 0640, gid: 33 }",
  );
  assertEquals(errors, []);
  assertEquals([directive?.target, directive?.declaration], ["/etc/tls", {
    ...{ source: "", strategy: "STRICT", symlinks: "refuse", mode: 0o640, gid: 33 },
    issued: { certificate: "web", part: null },
  }]);
  const single = read("{ certificate: web, part: chain, target: tls/, requires: approved }");
  assertEquals([single.errors, single.directive?.target], [[], "tls/chain.pem"]);
  assertEquals(single.directive?.declaration.issued, { certificate: "web", part: "chain" });
});

Deno.test("readDirective refuses what a certificate has no use for", () => {
  const errorsOf = (more: string) => read(`{ certificate: web, ${more} }`).errors;
  assertEquals(errorsOf("source: web"), ["certificate stands beside source"]);
  for (const more of ["lease: 1h", "symlinks: copy", "compress: true", "readers: []"]) {
    const [key] = more.split(":");
    assertEquals(errorsOf(more), [`${key} has no use beside certificate`]);
  }
  assertEquals(errorsOf("strategy: ENSURE_CREATED").length, 1);
  assertEquals(errorsOf("strategy: ALLOW_ADDS"), []);
  assertEquals(errorsOf("in_place: true").length, 1);
  assertEquals(errorsOf("part: key, in_place: true"), []);
  assertEquals(errorsOf("part: key, together: true").length, 1);
  assertEquals(errorsOf("part: key, folder_mode: 0700").length, 1);
  assertEquals(errorsOf("together: true, folder_mode: 0700"), []);
  assertEquals(errorsOf("part: pfx").length, 1);
});

Deno.test("readDirective wants a certificate that is defined, and one for each part", () => {
  assertEquals(read("{ certificate: wbe }").errors, [
    'certificate names "wbe", which is not defined under certificates: of the app',
  ]);
  assertEquals(read("{ source: a, part: key }").errors, ["part has no use without certificate"]);
  assertEquals(read("{ certificate: 5 }").directive, null);
});

Deno.test("readIssueTarget goes by the names of certificate and part where nothing else is said", () => {
  const whole = { certificate: "web", part: null };
  const key = { certificate: "web", part: "key" } as const;
  const path = (text: string | null, issue: Parameters<typeof readIssueTarget>[1]) => {
    const read = readIssueTarget(text, issue);
    return "path" in read ? read.path : null;
  };
  assertEquals([null, "tls", "tls/", "/etc/tls/"].map((text) => path(text, whole)), [
    ...["web", "tls", "tls", "/etc/tls"],
  ]);
  assertEquals([null, "k", "tls/", "/etc/tls/"].map((text) => path(text, key)), [
    ...["web/key.pem", "k", "tls/key.pem", "/etc/tls/key.pem"],
  ]);
  assertEquals(["/", "./", "../x", "~/x", "a//"].map((text) => path(text, whole)), [
    ...[null, null, null, null, null],
  ]);
});
