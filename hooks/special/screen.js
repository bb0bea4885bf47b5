// The activity in front, and whether there is one.

import { quietly } from "../calls.js";
import { note } from "../events.js";
import { fault, now } from "../state.js";

export function prepare(Java) {
  let activity;
  try {
    activity = Java.use("android.app.Activity");
  } catch (error) {
    fault("screen", error);
    return;
  }
  const moved = (name, change) => {
    const method = activity[name];
    if (method === undefined) return;
    for (const overload of method.overloads) {
      overload.implementation = function (...values) {
        quietly(name, () => change(String(this.$className)));
        return overload.apply(this, values);
      };
    }
  };
  moved("onResume", (name) => {
    now.screen = name;
    now.resumed++;
    note("screen", { state: "resumed" });
  });
  moved("onPause", () => {
    now.resumed = Math.max(0, now.resumed - 1);
    note("screen", { state: "paused" });
  });
}
