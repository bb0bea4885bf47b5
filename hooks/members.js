// Hooks that only look on: after each call of a member, or before it where `first`, `look` gets (member,
// object, arguments, result, error, types of the arguments). The app gets what it would get without them; one
// member that is made of another of its group is told once a thread, and what our own code calls never.

import { outerOf, quietly } from "./calls.js";
import { convertible } from "./factories.js";

const within = new Map(); // group → threads

function set(factory, className, members, group, look, { first = false, wanted = () => true } = {}) {
  const klass = factory.use(className);
  if (!within.has(group)) within.set(group, new Set());
  const threads = within.get(group);
  let n = 0;
  for (const member of members) {
    const method = klass[member];
    if (method === undefined || method === null || method.overloads === undefined) continue;
    for (const overload of method.overloads) {
      const types = overload.argumentTypes.map((type) => type.className);
      if (!wanted(types) || !convertible(factory, overload)) continue;
      overload.implementation = function (...given) {
        const thread = Process.getCurrentThreadId();
        if (threads.has(thread) || outerOf(thread) === -1) return overload.apply(this, given);
        threads.add(thread);
        let result;
        let error = null;
        if (first) quietly(group, () => look(member, this, given, undefined, null, types));
        try {
          return (result = overload.apply(this, given));
        } catch (thrown) {
          error = thrown;
          throw thrown;
        } finally {
          if (!first) quietly(group, () => look(member, this, given, result, error, types));
          threads.delete(thread);
        }
      };
      n++;
    }
  }
  return n;
}

// Throws where the class is not there, or none of the members can be hooked. `wanted`: whether an overload is, by
// the types of its arguments.
export function watch(factory, className, members, group, look, options) {
  const n = set(factory, className, members, group, look, options);
  if (n === 0) throw new Error(className + " has none of " + members.join(", "));
}

// As `watch`, of a class that may belong to another version of the platform, or to a library that the app lacks.
// Returns how many methods were hooked.
export function watchAny(factory, className, members, group, look, options) {
  try {
    return set(factory, className, members, group, look, options);
  } catch (_) {
    return 0;
  }
}

// Every part is tried; what the first that failed said is thrown in the end.
export function each(...parts) {
  const failed = [];
  for (const part of parts) {
    try {
      part();
    } catch (error) {
      failed.push(error);
    }
  }
  if (failed.length > 0) throw failed[0];
}
