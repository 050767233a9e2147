import { dropUndefined, readDirective } from "../../../keeper/loadout/directive.ts";
import { Problems } from "../../../keeper/loadout/problems.ts";
import { parseTree } from "../../../keeper/loadout/yaml_tree.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const PLACE = { text: "f:1:1", order: 0 };
const HOOK = { name: "reload", action: { kind: "touch", path: "x" }, timeoutS: 30 } as const;
const HOOKS = new Map([["reload", { hook: HOOK, place: PLACE }], ["broken", null]]);

function read(text: string) {
  const problems = new Problems();
  const tree = parseTree(text, { file: "f", problems });
  assert(tree !== null);
  const directive = readDirective(tree, { hooks: HOOKS, certificates: new Map(), problems });
  return { directive, errors: problems.errors().map(({ problem }) => problem) };
}

Deno.test("readDirective takes a source alone for what goes where it is, exactly as it is", () => {
  assertEquals(read("source: tls/key.pem"), {
    directive: {
      place: PLACE,
      target: "tls/key.pem",
      declaration: { source: "tls/key.pem", strategy: "STRICT", symlinks: "refuse" },
    },
    errors: [],
  });
});

Deno.test("readDirective reads all that can be said", () => {
  const { directive, errors } = read(`
source: tls
target: /etc/
strategy: STRICT
mode: 0640
folder_mode: "0750"
uid: 1000
gid: 0
requires: enrolled
hook: reload
together: true
lease: 1d
readers: [web, Db-2, cache]
symlinks: copy
compress: true
`);
  assertEquals(errors, []);
  assertEquals(directive?.target, "/etc/tls");
  assertEquals(directive?.declaration, {
    source: "tls",
    strategy: "STRICT",
    symlinks: "copy",
    mode: 0o640,
    folderMode: 0o750,
    uid: 1000,
    gid: 0,
    requires: "enrolled",
    hook: "reload",
    together: true,
    leaseS: 86_400,
    readers: ["cache", "db-2", "web"],
    compress: true,
  });
});

Deno.test("readDirective leaves out what is said to be off", () => {
  const { directive } = read("{ source: a, together: false, in_place: false, compress: false }");
  assertEquals(directive?.declaration, { source: "a", strategy: "STRICT", symlinks: "refuse" });
});

Deno.test("readDirective finds all that is wrong with one", () => {
  const { directive, errors } = read(
    "{ source: /a, target: .., mode: 9, uid: x, hook: y, lease: z }",
  );
  assertEquals([directive, errors.length], [null, 6]);
});

Deno.test("readDirective takes the name of a hook that is broken for defined", () => {
  assertEquals(read("{ source: a, hook: broken }").errors, []);
  assertEquals(read("{ source: a, hook: relaod }").errors.length, 1);
});

Deno.test("readDirective tells a list of no readers from none", () => {
  const { directive, errors } = read("{ source: a, readers: [] }");
  assertEquals([directive?.declaration.readers, errors], [[], []]);
  assertEquals(read("source: a").directive?.declaration.readers, undefined);
});

Deno.test("readDirective refuses readers that are no components, or stand twice", () => {
  for (const readers of ["web", "[a_b]", "[1]", "[web, WEB]", "{ web: 1 }", "['']"]) {
    assertEquals(read(`{ source: a, readers: ${readers} }`).errors.length, 1, readers);
  }
  const names = Array.from({ length: 25 }, (_, i) => `c${i}`);
  const listed = (count: number) => `{ source: a, readers: [${names.slice(0, count).join(", ")}] }`;
  assertEquals([24, 25].map((count) => read(listed(count)).errors.length), [0, 1]);
});

Deno.test("readDirective refuses what contradicts itself", () => {
  const contradicts = [
    "together: true, in_place: true",
    "together: true, strategy: ALLOW_ADDS",
    "together: true, strategy: ENSURE_CREATED",
    "in_place: true, strategy: ENSURE_CREATED",
    "lease: 1h, strategy: ENSURE_CREATED",
  ];
  const goes = ["in_place: true, lease: 1h", "together: true, lease: 1h", "strategy: ALLOW_ADDS"];
  const errorsOf = (more: string) => read(`{ source: a, ${more} }`).errors.length;
  assertEquals(contradicts.map(errorsOf), [1, 1, 1, 1, 1]);
  assertEquals(goes.map(errorsOf), [0, 0, 0]);
});

Deno.test("dropUndefined leaves out what was not written, and nothing else", () => {
  assertEquals(dropUndefined({ a: undefined, b: 0, c: false, d: null }), {
    b: 0,
    c: false,
    d: null,
  });
});
