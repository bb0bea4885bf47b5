// Code that arrives after the start: each new class loader gets the hooks on the classes of libraries, once
// its constructor has returned.

import { installAll } from "../installer.js";
import { config, fault } from "../state.js";
import { note, stackId } from "../events.js";
import * as stacks from "../stacks.js";
import { quietly } from "../calls.js";
import * as webview from "./webview.js";

const LOADERS = ["dalvik.system.DexClassLoader", "dalvik.system.PathClassLoader",
  "dalvik.system.InMemoryDexClassLoader", "dalvik.system.DelegateLastClassLoader"];
const MAX_LOADERS = 64;
let count = 0;

export function libraries(Java, factory) {
  webview.libraries(factory);
  return installAll(Java, factory, config.rows.filter((row) => row.library && row.hook === "method"));
}

export function prepare(Java) {
  for (const name of LOADERS) {
    try {
      for (const overload of Java.use(name).$init.overloads) {
        overload.implementation = function (...values) {
          const result = overload.apply(this, values);
          quietly("loading", () => {
            const what = values[0] !== null && typeof values[0] === "string" ? values[0].slice(0, 512) : "";
            note("loader", { name, what, stack: stackId(stacks.text()) });
            if (count++ < MAX_LOADERS) {
              const loader = Java.retain(this);
              setTimeout(() => Java.perform(() => late(Java, loader)), 0);
            }
          });
          return result;
        };
      }
    } catch (error) {
      if (!/ClassNotFound|NoClassDef/.test(String(error))) fault("loading " + name, error);
    }
  }
}

function late(Java, loader) {
  try {
    const done = libraries(Java, Java.ClassFactory.get(loader));
    note("loader_hooked", { n: done.filter((row) => row.state === "hooked").length });
  } catch (error) {
    fault("late classes", error);
  }
}
