// Which permissions are held at the moment of a call; which are asked for, and what the answer was.

import { note, stackId } from "../events.js";
import { factoryOf, ownFactory } from "../factories.js";
import { each, watch, watchAny } from "../members.js";
import * as stacks from "../stacks.js";

const FRESH_MS = 250;
let thread = null;
const known = new Map();

export function prepare(Java) {
  each(() => ask(Java), () => {
    thread = ownFactory().use("android.app.ActivityThread");
  });
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

function answer(member, self, given) {
  known.clear();
  note("permission_result", { names: texts(given[1]), granted: texts(given[2]).map((n) => (n === "0" ? "1" : "0")) });
}

// The answer goes to the class that asked: its own method, which need not call that of Activity.
function asked(_, self, given) {
  known.clear();
  note("permission_request", { names: texts(given[0]), stack: stackId(stacks.text()) });
  const name = String(self.$className);
  if (answered.has(name)) return;
  answered.add(name);
  watch(factoryOf(self), name, ["onRequestPermissionsResult"], "answers", answer, { first: true });
}

function ask(Java) {
  const on = (how, name) => how(Java.classFactory, name, ["requestPermissions"], "ask", asked, { first: true });
  on(watch, "android.app.Activity");
  on(watchAny, "android.app.Fragment");
}

export function forget() {
  known.clear();
}
