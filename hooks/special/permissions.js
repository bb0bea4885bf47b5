// Which permissions are held at the moment of a call; which are asked for, and what the answer was.

import { quietly } from "../calls.js";
import { note, stackId } from "../events.js";
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

function ask(Java) {
  let activity;
  try {
    activity = Java.use("android.app.Activity");
  } catch (error) {
    fault("permissions", error);
    return;
  }
  const request = activity.requestPermissions;
  if (request === undefined) return;
  for (const overload of request.overloads) {
    overload.implementation = function (...values) {
      quietly("requestPermissions", () => {
        const names = [];
        for (let i = 0; i < values[0].length && i < 64; i++) names.push(String(values[0][i]));
        known.clear();
        note("permission_request", { names, stack: stackId(stacks.text()) });
      });
      return overload.apply(this, values);
    };
  }
}

export function forget() {
  known.clear();
}
