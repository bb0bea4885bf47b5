// What the app starts (its own components, other apps), what it has the system start later, and what the
// system starts of it.

import { note, room, stackId } from "../events.js";
import { watch } from "../members.js";
import * as stacks from "../stacks.js";

const STARTS = {
  "android.app.ContextImpl": ["startService", "startForegroundService", "bindService", "bindServiceAsUser",
    "bindIsolatedService", "startActivity", "startActivities", "startActivityAsUser", "sendBroadcast",
    "sendOrderedBroadcast", "sendBroadcastAsUser", "sendStickyBroadcast"],
  "android.app.Activity": ["startActivityForResult", "startActivityIfNeeded"],
};
const LATER = {
  "android.app.JobSchedulerImpl": ["schedule", "enqueue"],
  "android.app.AlarmManager": ["set", "setExact", "setRepeating", "setInexactRepeating", "setWindow",
    "setAndAllowWhileIdle", "setExactAndAllowWhileIdle", "setAlarmClock"],
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

function planned(member, _, given) {
  if (!room("start")) return;
  let component = "";
  for (const value of given) {
    if (value !== null && value !== undefined && value.$className === "android.app.job.JobInfo") {
      component = short(value.getService().getClassName());
    }
  }
  note("start", { how: member, action: "", component, package: "", thread: Process.getCurrentThreadId(),
    stack: stackId(stacks.text()) });
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
  for (const [name, members] of Object.entries(STARTS)) watch(Java.classFactory, name, members, "start", started);
  for (const [name, members] of Object.entries(LATER)) watch(Java.classFactory, name, members, "plan", planned);
  watch(Java.classFactory, "android.app.ActivityThread", ["handleReceiver", "handleCreateService"], "woken", woken);
}
