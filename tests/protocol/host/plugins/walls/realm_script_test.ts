import { assertEquals } from "../../../../support/assert.ts";
import { actingCode, startWalled } from "../../../../support/walled_plugins.ts";

/**
 * Tells of anything whether it belongs to the realm of the plugin: whoever gets at one object of the
 * thread gets at `Function` of the thread, and so at `Deno`. Follows prototypes, constructors, own
 * members and what getters give, so that no constructor that was taken away hides another realm.
 */
const PROBE = `
const { getPrototypeOf, getOwnPropertyNames, getOwnPropertySymbols, getOwnPropertyDescriptor } = Object;
const ownRoots = new Set([Object.prototype, Function.prototype, null]);
const strangers = [];
const seen = new Set();
function look(thing, where) {
  if ((typeof thing !== "object" || thing === null) && typeof thing !== "function") return;
  if (seen.has(thing) || seen.size > 20000) return;
  seen.add(thing);
  let root = thing;
  for (let next; (next = getPrototypeOf(root)) !== null;) root = next;
  if (root !== thing && root !== Object.prototype && getPrototypeOf(root) === null &&
    Object.hasOwn(root, "hasOwnProperty")) strangers.push(where + " has another root");
  const isOwn = typeof thing !== "function" || thing === Function.prototype || thing instanceof Function;
  if (!isOwn) strangers.push(where + " is of another Function");
  try {
    const told = thing.constructor.constructor("return typeof Deno + typeof process")();
    if (typeof told === "string" && told !== "undefinedundefined") strangers.push(where + " leads to Deno");
  } catch {}
  look(getPrototypeOf(thing), where + ".__proto__");
  for (const key of [...getOwnPropertyNames(thing), ...getOwnPropertySymbols(thing)]) {
    const { value, get, set } = getOwnPropertyDescriptor(thing, key) ?? {};
    for (const part of [value, get, set]) look(part, where + "." + String(key));
    if (get !== undefined) try { look(get.call(thing), where + "." + String(key) + "()"); } catch (error) {
      look(error, where + "." + String(key) + " threw");
    }
  }
}
`;

async function strangersOf(body: string): Promise<unknown> {
  const asks = new Map([["files.list", () => Promise.resolve([])]]);
  await using plugin = await startWalled(actingCode(`${PROBE} ${body} return strangers;`), {
    asks,
  });
  return await plugin.call("act", { name: "you" });
}

const ESCAPES: Readonly<Record<string, string>> = {
  "by any object that is there": `look(globalThis, "globalThis"); look(context, "context");
    look(input, "input"); look(this, "this"); look(strangers, "array");
    for (const name of ["log", "progress", "isCancelled"]) look(context[name]("x"), "result of " + name);
    if (seen.size < 500) strangers.push("too little was seen");`,
  "by constructors of functions":
    `for (const make of [function () {}, async () => {}, function* () {},
      async function* () {}, class {}, context.log, plugin, enter, eval, (() => {}).bind()]) {
      look(make.constructor, "constructor");
      try { look(make.constructor("return this")(), "this of a new function"); } catch (error) { look(error, "error"); }
    }`,
  "by promises":
    `for (const make of [() => Promise.resolve(), async () => {}, () => context.sleep(0),
      () => context.files.list(), () => context.env("HOME"), () => import("node:fs")]) {
      const made = make();
      look(made, "promise");
      try { look(await made, "value"); } catch (error) { look(error, "error"); }
    }`,
  "by errors of the engine":
    `for (const fail of [() => null.x, () => eval("}"), () => new RegExp("("),
      () => JSON.parse("{"), () => decodeURIComponent("%"), () => "x".repeat(2 ** 30), () => new Array(-1),
      () => Symbol() + "", () => 1n + 1, () => BigInt(0.5), () => (1).toFixed(1000), () => structuredClone,
      () => ({}).x.y, () => undefined(), () => new (class { #a; static b(o) { return o.#a; } }).constructor.b({}),
      () => Reflect.construct(1), () => new Proxy({}, null), () => JSON.stringify((() => { const a = {}; a.a = a;
      return a; })()), () => context.log({ toString: null }), () => plugin({})])
      try { fail(); strangers.push("nothing was thrown by " + fail); } catch (error) { look(error, "error"); }`,
  "by errors at the end of the stack": `let count = 0;
    const dive = (what) => { try { dive(what); } catch (error) { try { count++; look(error, "deep"); what(); }
      catch (other) { try { look(other, "deeper"); } catch {} } } };
    for (const what of [() => context.log("x"), () => context.sleep(0).catch(() => {}), () => context.progress(1),
      () => context.files.list().catch(() => {}), () => context.isCancelled(), () => enter(),
      () => import("x").catch((error) => look(error, "import"))]) dive(what);
    if (count === 0) strangers.push("nothing was deep");`,
  "by the frames of a stack": `let called = 0;
    const spy = (error, sites) => { called++; look(error, "error"); look(sites, "sites");
      for (const site of sites) { look(site, "site"); for (const name of ["getThis", "getFunction"])
        look(site[name]?.(), name); } return sites; };
    for (const target of [Error, TypeError, Function.prototype, Object.prototype, globalThis])
      for (const set of [() => target.prepareStackTrace = spy,
        () => Object.defineProperty(target, "prepareStackTrace", { value: spy, configurable: true }),
        () => target.stackTraceLimit = 50]) try { set(); } catch {}
    for (const replace of [() => { globalThis.Error = { prepareStackTrace: spy }; },
      () => Object.defineProperty(globalThis, "Error", { value: { prepareStackTrace: spy } }),
      () => delete globalThis.Error,
      () => Function("Error = { prepareStackTrace: arguments[0], stackTraceLimit: 50 }")(spy),
      () => (0, eval)("var Error = 1; let TypeError = 1;")]) try { replace(); } catch {}
    const dive = (depth) => depth === 0 ? new Error("x").stack : dive(depth - 1);
    look(dive(3), "stack"); look(new TypeError("x").stack, "stack");
    try { null.x; } catch (error) { look(error.stack, "stack"); }
    try { await import("x"); } catch (error) { look(error.stack, "stack"); }
    const held = {}; try { Error.captureStackTrace(held); look(held.stack, "held"); } catch {}
    if (called > 0) strangers.push("frames were shown");`,
  "by callers": `function who() { return [who.caller, who.arguments]; }
    const sloppy = Function("return [arguments.callee.caller, arguments.callee]");
    const toJSON = Function("callers", "return function () { callers.push(arguments.callee.caller, this); }");
    const callers = [];
    try { look(who(), "caller"); } catch (error) { look(error, "error"); }
    look(sloppy(), "caller");
    const told = { toJSON: toJSON(callers), get x() { return 1; } };
    context.progress(told);
    await context.files.list(told).catch(() => {});
    look(callers, "callers");`,
  "by thenables and proxies":
    `const traps = new Proxy({}, { get: (_, name) => (...all) => { look(all, String(name));
      look(all.at(-1), String(name)); return Reflect[name](...all); } });
    const spied = new Proxy(function () {}, traps);
    try { await spied; } catch (error) { look(error, "error"); }
    try { context.progress(spied); } catch (error) { look(error, "error"); }
    try { context.log(spied); } catch (error) { look(error, "error"); }
    try { await context.files.list(spied); } catch (error) { look(error, "error"); }
    await { then(resolve, reject) { look(resolve, "resolve"); look(reject, "reject"); resolve(1); } };`,
  "by what it replaces": `const spies = [];
    for (const [target, name] of [[Promise.prototype, "then"], [JSON, "stringify"], [JSON, "parse"], [Reflect, "apply"],
      [Object, "keys"], [Object, "defineProperty"], [Object, "freeze"], [Function.prototype, "call"],
      [Function.prototype, "apply"], [Array.prototype, "push"], [String.prototype, "slice"],
      [Array.prototype, Symbol.iterator], [Promise, "resolve"], [Promise, "reject"]]) {
      const old = target[name];
      target[name] = function (...all) { spies[spies.length] = [this, all]; return Reflect_apply(old, this, all); };
    }
    for (const name of ["then", "toJSON", "Kind", "Id", "Output"])
      Object_define(Object.prototype, name, { configurable: true, set(all) { spies[spies.length] = this; }, get() {
        spies[spies.length] = this; return undefined; } });
    const done = await Promise_all([context.sleep(1), context.files.list(), context.env("x").catch((error) => error)]);
    context.progress([1]); context.log("x");
    for (const name of ["then", "toJSON", "Kind", "Id", "Output"]) delete Object.prototype[name];
    look(done, "done"); look(spies, "spies");`,
};

for (const [how, body] of Object.entries(ESCAPES)) {
  Deno.test(`REALM_SCRIPT shows nothing of another realm ${how}`, async () => {
    const kept = `const Reflect_apply = Reflect.apply; const Object_define = Object.defineProperty;
      const Promise_all = Promise.all.bind(Promise);`;
    assertEquals(await strangersOf(`${kept} ${body}`), []);
  });
}
