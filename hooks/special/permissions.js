// Which permissions are held at the moment of a call; which are asked for, and what the answer was.

import { note, stackId } from "../events.js";
import { factoryFor } from "../factories.js";
import { watch } from "../members.js";
import * as stacks from "../stacks.js";
import { fault } from "../state.js";

const FRESH_MS = 250;
let thread = null;
const known = new Map();

// A factory that finds the app's classes in hooks on the runtime's own classes too: on a JVM the bridge
// would look for them where the hooked method comes from.
function anywhere(Java) {
  const factory = Java.classFactory;
  if (factory.loader !== null && factory.loader !== undefined) return factory;
  return Java.ClassFactory.get(Java.use("java.lang.ClassLoader").getSystemClassLoader());
}

export function prepare(Java) {
  try {
    thread = anywhere(Java).use("android.app.ActivityThread");
  } catch (error) {
    fault("permissions", error);
  }
  ask(Java);
}

function held(name) {
  const time = Date.now();
  const before = known.get(name);
  if (before !== undefined && time - before.time < FRESH_MS) return before.granted;
  const app = thread === null ? null : thread.currentApplication();
  if (app === null) return null;
  const granted = app.checkSelfPermission(name) === 0;
  known.set(name, { time, granted });
  return granted;
}

// "android.permission.X=1 …"; empty where nothing is needed or nobody can be asked yet.
export function states(names) {
  const found = [];
  for (const name of names) {
    const granted = held(name);
    if (granted !== null) found.push(name + "=" + (granted ? 1 : 0));
  }
  return found.join(" ");
}

function texts(values) {
  const found = [];
  for (let i = 0; i < values.length && i < 64; i++) found.push(String(values[i]));
  return found;
}

const answered = new Set(); // classes whose answers are hooked

// The answer goes to the class that asked: its own method, which need not call that of Activity.
function answers(name, loader) {
  if (answered.has(name)) return;
  answered.add(name);
  watch(factoryFor(name, loader), name, ["onRequestPermissionsResult"], "answers", (member, self, given) => {
    known.clear();
    note("permission_result", { names: texts(given[1]), granted: texts(given[2]).map((n) => (n === "0" ? "1" : "0")) });
  }, true);
}

function asked(self, given) {
  known.clear();
  note("permission_request", { names: texts(given[0]), stack: stackId(stacks.text()) });
  answers(String(self.$className), self.getClass().getClassLoader());
}

function ask(Java) {
  for (const name of ["android.app.Activity", "android.app.Fragment"]) {
    watch(Java.classFactory, name, ["requestPermissions"], "ask", (_, self, given) => asked(self, given), true);
  }
}

export function forget() {
  known.clear();
}
