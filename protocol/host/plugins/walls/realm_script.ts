/**
 * The innermost wall: what is evaluated first in the realm of a plugin, as a text.
 *
 * @module
 */

/**
 * Makes the realm of a plugin bare, and returns the two functions by which the thread puts texts in and
 * takes texts out.
 *
 * Nothing of the thread is ever given to the realm, neither a function nor an object, so that there is
 * nothing by which to climb out. What the plugin can reach it can also replace, so all that is used
 * here is kept beforehand, and what is kept in lists is kept in objects without a prototype.
 *
 * A text that goes out begins with what it is: a message for the host (`h`) or the worker (`w`), a timer
 * that is to be set (`s`) or cleared (`c`), or how the plugin ended (`t` threw, `m` malformed, `f` flooded).
 * The members of a message are put together by hand: `toJSON` of a plugin reaches its own part alone.
 */
export const REALM_SCRIPT: string = String.raw`
(function (code, askNameList, limits) {
  "use strict";
  const { parse, stringify } = JSON;
  const askNames = parse(askNameList);
  const { maxMessage, maxOutgoing } = parse(limits);
  const { create, defineProperty, freeze, hasOwn, keys } = Object;
  const { apply } = Reflect;
  const evaluate = globalThis.eval;
  const NativePromise = Promise;
  const NativeError = Error;
  const then = Promise.prototype.then;
  const asText = String;
  const slice = String.prototype.slice;

  // A frame of a stack that code of the plugin looks at is an object of the thread's realm.
  const fix = (target, name, value) =>
    defineProperty(target, name, { value, writable: false, configurable: false, enumerable: false });
  delete Error.captureStackTrace;
  fix(Error, "stackTraceLimit", 0);
  fix(Error, "prepareStackTrace", undefined);
  fix(globalThis, "Error", Error);
  // Memory that lies outside of the heap (buffers, what formats dates) lies outside of its cap, and what
  // runs later (finalizers) runs outside of a call. So there is only what is known to do neither.
  const kept = { __proto__: null };
  for (const name of [
    "AggregateError", "Array", "AsyncDisposableStack", "BigInt", "Boolean", "Date", "DisposableStack",
    "Error", "EvalError", "Function", "Infinity", "Iterator", "JSON", "Map", "Math", "NaN", "Number",
    "Object", "Promise", "Proxy", "RangeError", "ReferenceError", "Reflect", "RegExp", "Set", "String",
    "SuppressedError", "Symbol", "SyntaxError", "TypeError", "URIError", "WeakMap", "WeakSet",
    "decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent", "escape", "eval",
    "globalThis", "isFinite", "isNaN", "parseFloat", "parseInt", "undefined", "unescape",
  ]) kept[name] = true;
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    if (kept[name] === undefined) delete globalThis[name];
  }

  let definition = null;
  let isStarted = false;
  let inbox = create(null);
  let incoming = 0;
  let outbox = create(null);
  let outgoing = 0;
  let taken = 0;
  let length = 0;
  let chatter = 0;
  let lastId = 0;
  let openAsks = 0;
  const calls = create(null);
  const asks = create(null);

  const post = (text) => {
    length += text.length;
    if (length <= maxOutgoing) outbox[outgoing++] = text;
    else {
      // Of a plugin that says too much at once the thread takes this alone.
      outbox = create(null);
      outbox[0] = "f";
      taken = 0;
      outgoing = 1;
    }
  };
  // What is too long for the host is not said, and the plugin is told so.
  const say = (kind, id, rest) => {
    if (rest.length > maxMessage) return false;
    post('h{"Kind":"' + kind + '","Id":' + id + rest + "}");
    return true;
  };
  const refuse = (code) => {
    const error = new NativeError("the host refused: " + code);
    defineProperty(error, "code", { value: code, enumerable: true });
    return error;
  };
  const jsonOf = (value) => {
    const text = stringify(value);
    return text === undefined ? "null" : text;
  };

  // Whoever does not wait for an answer has not to be told of a refusal: unheard, it would end the plugin.
  const heard = (promise) => {
    apply(then, promise, [undefined, () => {}]);
    return promise;
  };
  // Asks something of the worker, the host or the timer, for a call that is open.
  const ask = (id, channel, rest) =>
    heard(new NativePromise((resolve, reject) => {
      if (calls[id] !== true) return reject(refuse("cancelled"));
      if (openAsks >= 32) return reject(refuse("busy"));
      if (channel === "h" && rest.length > maxMessage) return reject(refuse("input-too-large"));
      openAsks++;
      const askId = ++lastId;
      asks[askId] = { __proto__: null, id, channel, resolve, reject };
      if (channel === "s") post("s" + askId + "," + rest);
      else post(channel + '{"Kind":"ask","Id":' + askId + ',"Call":' + id + rest + "}");
    }));
  const askNamed = (id, channel, name) => (...input) => {
    let text;
    try {
      text = jsonOf(input);
    } catch {
      return heard(new NativePromise((_, reject) => reject(refuse("input-malformed"))));
    }
    return ask(id, channel, ',"Name":' + stringify(name) + ',"Input":' + text);
  };

  // Makes what an action is given beside its input; it is of use for as long as the call is open.
  const makeContext = (id) => {
    const context = create(null);
    // What it says without being asked is no good in masses: what is too much in one go is dropped.
    const isTooMuch = () => calls[id] === undefined || ++chatter > 64;
    context.progress = (output) => {
      const text = jsonOf(output);
      if (!isTooMuch()) say("progress", id, ',"Output":' + text);
    };
    context.log = (text) => {
      const line = apply(slice, asText(text), [0, 1024]);
      if (!isTooMuch()) say("log", id, ',"Text":' + stringify(line));
    };
    context.isCancelled = () => calls[id] !== true;
    context.sleep = (ms) => {
      const duration = +ms;
      return ask(id, "s", duration > 0 ? (duration < 3600000 ? duration : 3600000) : 0);
    };
    for (let index = 0; index < askNames.length; index++) {
      const { channel, name, group } = askNames[index];
      if (group === undefined) context[name] = askNamed(id, channel, name);
      else {
        if (context[group] === undefined) context[group] = create(null);
        context[group][name] = askNamed(id, channel, group + "." + name);
      }
    }
    for (const name of keys(context)) freeze(context[name]);
    return freeze(context);
  };

  const settle = (id, kind, rest) => {
    if (calls[id] === undefined) return;
    delete calls[id];
    if (!say(kind, id, rest)) say("failed", id, ',"Code":"output-too-large"');
    for (const askId in asks) {
      if (asks[askId].id !== id) continue;
      const { channel, reject } = asks[askId];
      delete asks[askId];
      openAsks--;
      if (channel === "s") post("c" + askId);
      reject(refuse("cancelled"));
    }
  };
  const codeOf = (error) => {
    try {
      const { code } = error;
      return typeof code === "string" ? apply(slice, code, [0, 65]) : "failed";
    } catch {
      return "failed";
    }
  };
  const perform = async (id, name, handlers, input) => {
    const wanted = typeof handlers === "object" && handlers !== null && hasOwn(handlers, name)
      ? handlers[name]
      : undefined;
    if (typeof wanted !== "function") throw refuse("unknown-action");
    return await apply(wanted, undefined, [input, makeContext(id)]);
  };
  const run = ({ Kind, Id, Name, Input }) => {
    calls[Id] = true;
    const handlers = Kind === "event" ? definition.events : definition.actions;
    // The own promise of an async function, and the native then: a plugin replaces neither.
    apply(then, perform(Id, Name, handlers, Input), [
      (output) => {
        let text;
        try {
          text = jsonOf(output);
        } catch {
          return settle(Id, "failed", ',"Code":"output-malformed"');
        }
        settle(Id, "result", ',"Output":' + text);
      },
      (error) => settle(Id, "failed", ',"Code":' + stringify(codeOf(error))),
    ]);
  };

  const answer = ({ Kind, Id, Output, Code }) => {
    const asked = asks[Id];
    if (asked === undefined) return;
    delete asks[Id];
    openAsks--;
    if (Kind === "answer") asked.resolve(Output);
    else asked.reject(refuse(Code));
  };
  const start = () => {
    isStarted = true;
    fix(globalThis, "plugin", (given) => {
      if (definition !== null) throw new NativeError("plugin() is called once");
      const { actions = null, events = null } = given;
      definition = { __proto__: null, actions, events };
    });
    try {
      evaluate(code);
    } catch {
      return post("t");
    }
    if (definition === null) return post("m");
    const names = (handlers) =>
      jsonOf(typeof handlers === "object" && handlers !== null ? keys(handlers) : []);
    post('h{"Kind":"ready","Actions":' + names(definition.actions) + ',"Events":' +
      names(definition.events) + "}");
  };
  const receive = (text) => {
    const message = parse(text);
    switch (message.Kind) {
      case "call":
      case "event":
        return run(message);
      case "cancel":
        if (calls[message.Id] !== undefined) calls[message.Id] = false;
        return;
      default:
        return answer(message);
    }
  };

  // What the thread has evaluated to have the plugin do something; there is no harm in calling it.
  fix(globalThis, "enter", () => {
    if (!isStarted) return start();
    const texts = inbox;
    const count = incoming;
    inbox = create(null);
    incoming = 0;
    try {
      for (let index = 0; index < count; index++) receive(texts[index]);
    } catch {
      post("t");
    }
  });
  return {
    __proto__: null,
    put: (text) => void (inbox[incoming++] = text),
    take: () => {
      if (taken < outgoing) return outbox[taken++];
      outbox = create(null);
      outgoing = taken = length = chatter = 0;
      return undefined;
    },
  };
})
`;
