// Constants are read without a call: the app's own methods that read them are hooked, each overload by itself.

import { quietly } from "../calls.js";
import { emit } from "../events.js";
import { convertible } from "../factories.js";
import { signature } from "../installer.js";
import { config } from "../state.js";
import { take } from "../stacks.js";

function ran(reader) {
  const thread = Process.getCurrentThreadId();
  emit({ row: reader.id, sig: reader.sig, args: "", result: "value", error: "", outer: -1, permissions: "", thread,
    stack: take(reader.id, thread) });
}

function install(factory, reader, done) {
  const member = reader.member === "<init>" ? "$init" : reader.member;
  const overload = factory.use(reader.class)[member].overloads.find((one) => signature(one) === reader.sig);
  if (overload === undefined) return "no_member";
  if (!convertible(factory, overload)) return "failed";
  const key = reader.class + "." + reader.member + reader.sig;
  const known = done.get(key);
  if (known !== undefined) {
    known.push(reader); // one method, several constants
    return "hooked";
  }
  const all = [reader];
  done.set(key, all);
  overload.implementation = function (...given) {
    quietly(key, () => all.forEach(ran));
    return overload.apply(this, given);
  };
  return "hooked";
}

export function installAll(factory) {
  const done = new Map();
  return config.readers.map((reader) => {
    try {
      return { row: reader.id, state: install(factory, reader, done), n: 1 };
    } catch (error) {
      return { row: reader.id, state: "no_class", n: 0 };
    }
  });
}
