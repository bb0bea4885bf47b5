// Sets the catalogue's hooks: every overload, constructors, the class that implements an abstract one.
// Says for each row what became of it.

import { hook } from "./calls.js";
import { convertible } from "./factories.js";
import { config } from "./state.js";

const PRIMITIVE = { void: "V", boolean: "Z", byte: "B", char: "C", short: "S", int: "I", long: "J", float: "F",
  double: "D" };

function descriptor(type) {
  const name = type.className;
  if (PRIMITIVE[name] !== undefined) return PRIMITIVE[name];
  if (name[0] === "[") return name.replace(/\./g, "/");
  return "L" + name.replace(/\./g, "/") + ";";
}

export function signature(overload) {
  const result = overload.returnType && overload.returnType.className ? descriptor(overload.returnType) : "V";
  return "(" + overload.argumentTypes.map(descriptor).join("") + ")" + result;
}

const hooked = new Set(); // class, member and signature, once each

function isAbstract(Java, klass, overload, member) {
  try {
    if (member === "$init") return false;
    const types = Java.array("java.lang.Class", overload.argumentTypes.map((t) => Java.use(t.className).class));
    return (klass.class.getDeclaredMethod(member, types).getModifiers() & 0x400) !== 0;
  } catch (_) {
    return false; // inherited, or with primitive arguments: the bridge tells
  }
}

// The outcome of a row: hooked (n overloads) · absent · abstract · skipped · failed.
export function install(Java, factory, row, className) {
  if (config.skip.some((prefix) => className.startsWith(prefix))) return { state: "skipped", n: 0 };
  let klass;
  try {
    klass = factory.use(className);
  } catch (error) {
    return { state: "no_class", n: 0, why: String(error.message || error).slice(0, 200) };
  }
  const member = row.member === "<init>" ? "$init" : row.member;
  const method = klass[member];
  if (method === undefined || method === null || method.overloads === undefined) return { state: "no_member", n: 0 };
  let n = 0;
  let abstract = 0;
  let why = "";
  for (const overload of method.overloads) {
    const sig = signature(overload);
    const key = className + "." + member + sig;
    if (hooked.has(key)) {
      n++;
      continue;
    }
    if (isAbstract(Java, klass, overload, member)) {
      abstract++;
      continue;
    }
    if (!convertible(factory, overload)) {
      why = "arrays of objects cannot be passed on by this runtime";
      continue;
    }
    try {
      hook(row, overload, sig);
      hooked.add(key);
      n++;
    } catch (error) {
      why = String(error.message || error).slice(0, 200);
    }
  }
  if (n > 0) return { state: "hooked", n, why };
  return abstract > 0 ? { state: "abstract", n: 0 } : { state: "failed", n: 0, why };
}

export function installAll(Java, factory, rows) {
  return rows.map((row) => ({ row: row.id, ...install(Java, factory, row, row.class) }));
}
