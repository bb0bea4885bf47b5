// Data that is delivered to a listener: the catalogue's callback members are hooked on the class of each
// listener when it is registered, so that no class is searched for or loaded early.

import Java from "../bridge.js";
import { factoryOf } from "../factories.js";
import { install } from "../installer.js";
import { config } from "../state.js";
import { note } from "../events.js";

let callbacks = new Map(); // interface or abstract class → {parent, rows}
const seen = new Set();

export function prepare() {
  callbacks = new Map();
  for (const row of config.rows) {
    if (row.hook !== "implementors") continue;
    const known = callbacks.get(row.class);
    if (known !== undefined) known.rows.push(row);
    else if (exists(row.class)) callbacks.set(row.class, { parent: Java.use(row.class).class, rows: [row] });
  }
}

function exists(name) {
  try {
    Java.use(name);
    return true;
  } catch (_) {
    return false; // not in this version of the framework, or a library that the app lacks
  }
}

export function watch(row, values) {
  for (const value of values) {
    if (value === null || value === undefined || value.$className === undefined) continue;
    const name = value.$className;
    if (seen.has(name)) continue;
    seen.add(name);
    for (const { parent, rows } of callbacks.values()) {
      if (!parent.isInstance(value)) continue;
      const factory = factoryOf(value);
      for (const callback of rows) {
        const done = install(Java, factory, callback, name);
        note("listener", { row: callback.id, state: done.state, name });
      }
    }
  }
}
