// What the app starts (its own components, other apps), and what the system starts of it.

import { note, room, stackId } from "../events.js";
import { each, watch } from "../members.js";
import * as stacks from "../stacks.js";

const STARTS = {
  "android.app.ContextImpl": ["startService", "startForegroundService", "bindService", "bindServiceAsUser",
    "bindIsolatedService", "startActivity", "startActivities", "startActivityAsUser", "sendBroadcast",
    "sendOrderedBroadcast", "sendBroadcastAsUser", "sendStickyBroadcast"],
  "android.app.Activity": ["startActivityForResult", "startActivityIfNeeded"],
};
const TEXT = 255;

function short(value) {
  return value === null || value === undefined ? "" : String(value).slice(0, TEXT);
}

function intents(given) {
  const found = [];
  for (const value of given) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one.$className === "android.content.Intent") found.push(one);
    }
  }
  return found.slice(0, 8);
}

function started(member, _, given) {
  for (const intent of intents(given)) {
    if (!room("start")) return;
    const target = intent.getComponent();
    note("start", {
      how: member, action: short(intent.getAction()), component: target === null ? "" : short(target.getClassName()),
      package: target === null ? short(intent.getPackage()) : short(target.getPackageName()),
      thread: Process.getCurrentThreadId(), stack: stackId(stacks.text()),
    });
  }
}

// ActivityThread.handleReceiver (ReceiverData), handleCreateService (CreateServiceData): both have `info`.
function woken(member, _, given) {
  const data = given[0];
  const intent = data.intent === undefined ? null : data.intent.value;
  note("started", {
    what: member === "handleReceiver" ? "receiver" : "service", name: short(data.info.value.name.value),
    action: intent === null ? "" : short(intent.getAction()),
  });
}

export function prepare(Java) {
  const on = (name, members, group, look) => () => watch(Java.classFactory, name, members, group, look);
  each(
    ...Object.entries(STARTS).map(([name, members]) => on(name, members, "start", started)),
    on("android.app.ActivityThread", ["handleReceiver", "handleCreateService"], "woken", woken),
  );
}
