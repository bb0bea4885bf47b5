// The activity in front, and whether there is one.

import { watch } from "../members.js";
import { note } from "../events.js";
import { now } from "../state.js";

const CHANGES = {
  onResume(name) {
    now.screen = name;
    now.resumed++;
    note("screen", { state: "resumed" });
  },
  onPause() {
    now.resumed = Math.max(0, now.resumed - 1);
    note("screen", { state: "paused" });
  },
};

export function prepare(Java) {
  for (const [member, change] of Object.entries(CHANGES)) {
    const look = (_, self) => change(String(self.$className));
    watch(Java.classFactory, "android.app.Activity", [member], member, look, { first: true });
  }
}
