import fc from "fast-check";
import { parseAgentPatterns } from "../../../keeper/fleet/agent_pattern.ts";
import { ConfigError } from "../../../protocol/mod.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

const agent = (app: string | null, component: string | null) => ({ app, component });

Deno.test("parseAgentPatterns means everybody where there is none", () => {
  const all = parseAgentPatterns([]);
  assert(all.hasApp("shop") && all.hasApp(null) && all.hasAgent(agent(null, null)));
  assertEquals(all.unusedBy([]), []);
});

Deno.test("parseAgentPatterns tells apps without regard to case, and components with it", () => {
  const only = parseAgentPatterns(["shop/web"]);
  assert(only.hasAgent(agent("SHOP", "web")) && !only.hasAgent(agent("shop", "Web")));
  assert(!only.hasAgent(agent("shop", null)) && !only.hasAgent(agent("shops", "web")));
  assert(only.hasApp("Shop") && !only.hasApp("blog") && !only.hasApp(null));
});

Deno.test("parseAgentPatterns means all components where none is named, and none by a hyphen", () => {
  const only = parseAgentPatterns(["shop", "-/db", "blog/-"]);
  assert(only.hasAgent(agent("shop", null)) && only.hasAgent(agent("shop", "db")));
  assert(only.hasAgent(agent(null, "db")) && !only.hasAgent(agent(null, "web")));
  assert(only.hasAgent(agent("blog", null)) && !only.hasAgent(agent("blog", "web")));
});

Deno.test("parseAgentPatterns lets a star stand for any characters", () => {
  const only = parseAgentPatterns(["*/w*b", "s*p*"]);
  assert(only.hasAgent(agent("x", "wb")) && only.hasAgent(agent("x", "web")));
  assert(only.hasAgent(agent("Shop", "db")) && only.hasAgent(agent("sp", null)));
  assert(!only.hasAgent(agent("x", "web1")) && !only.hasAgent(agent("ps", "db")));
});

Deno.test("parseAgentPatterns matches as a regular expression would", () => {
  const letters = (alphabet: string) =>
    fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 8 });
  fc.assert(fc.property(letters("ab*"), letters("ab"), (pattern, name) => {
    fc.pre(pattern.includes("*") && name !== "");
    const expected = new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(name);
    assertEquals(parseAgentPatterns([`x/${pattern}`]).hasAgent(agent("x", name)), expected);
  }));
});

Deno.test("parseAgentPatterns answers at once, however many stars there are", () => {
  const only = parseAgentPatterns([`x/${"a*".repeat(31)}`]);
  assert(!only.hasAgent(agent("x", "b" + "a".repeat(62))));
});

Deno.test("parseAgentPatterns tells which patterns mean nobody", () => {
  const only = parseAgentPatterns(["shop/web", "shop/wbe", "blog"]);
  assertEquals(only.unusedBy([agent("shop", "web")]), ["shop/wbe", "blog"]);
});

for (
  const item of ["", "/", "shop/", "/web", "a/b/c", "sh op", "shop/we_b", "a".repeat(64), "--"]
) {
  Deno.test(`parseAgentPatterns refuses ${JSON.stringify(item)}`, () => {
    const error = assertThrows(() => parseAgentPatterns(["shop", item]), ConfigError);
    assertEquals(error.setting, "--only");
  });
}
