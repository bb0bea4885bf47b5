// Hooks that only look on: after each call of a member, or before it where `first`, `look` gets (member,
// object, arguments, result, error). The app gets what it would get without them; one member that is made of another is told once a thread.

import { quietly } from "./calls.js";
import { convertible } from "./factories.js";

const within = new Map(); // group → threads

export function watch(factory, className, members, group, look, first = false) {
  let klass;
  try {
    klass = factory.use(className);
  } catch (_) {
    return 0; // not on this version of the platform, or a library that the app lacks
  }
  if (!within.has(group)) within.set(group, new Set());
  const threads = within.get(group);
  let n = 0;
  for (const member of members) {
    const method = klass[member];
    if (method === undefined || method === null || method.overloads === undefined) continue;
    for (const overload of method.overloads) {
      if (!convertible(factory, overload)) continue;
      overload.implementation = function (...given) {
        const thread = Process.getCurrentThreadId();
        if (threads.has(thread)) return overload.apply(this, given);
        threads.add(thread);
        let result;
        let error = null;
        if (first) quietly(group, () => look(member, this, given));
        try {
          return (result = overload.apply(this, given));
        } catch (thrown) {
          error = thrown;
          throw thrown;
        } finally {
          threads.delete(thread);
          if (!first) quietly(group, () => look(member, this, given, result, error));
        }
      };
      n++;
    }
  }
  return n;
}
