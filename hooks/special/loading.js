// Code that arrives after the start: each new class loader gets the hooks on the classes of libraries, once
// its constructor has returned.

import { installAll } from "../installer.js";
import { config, fault } from "../state.js";
import { note, room, stackId } from "../events.js";
import { watchAny } from "../members.js";
import * as stacks from "../stacks.js";
import * as unpinning from "./unpinning.js";
import * as webview from "./webview.js";

const LOADERS = ["dalvik.system.DexClassLoader", "dalvik.system.PathClassLoader",
  "dalvik.system.InMemoryDexClassLoader", "dalvik.system.DelegateLastClassLoader"];
const MAX_LOADERS = 64;
let count = 0;

export function libraries(Java, factory) {
  webview.libraries(factory);
  unpinning.libraries(factory);
  return installAll(Java, factory, config.rows.filter((row) => row.library && row.hook === "method"));
}

function made(Java, name, self, given, error) {
  if (error !== null) return;
  const what = given[0] !== null && typeof given[0] === "string" ? given[0].slice(0, 512) : "";
  if (room("loader")) note("loader", { name, what, stack: stackId(stacks.text()) });
  if (count++ >= MAX_LOADERS) return;
  const loader = Java.retain(self);
  setTimeout(() => Java.perform(() => late(Java, loader)), 0);
}

export function prepare(Java) {
  let n = 0;
  for (const name of LOADERS) {
    const look = (_, self, given, result, error) => made(Java, name, self, given, error);
    n += watchAny(Java.classFactory, name, ["$init"], "loading", look);
  }
  if (n === 0) throw new Error("no class that loads code was found");
}

function late(Java, loader) {
  try {
    const done = libraries(Java, Java.ClassFactory.get(loader));
    note("loader_hooked", { n: done.filter((row) => row.state === "hooked").length });
  } catch (error) {
    fault("late classes", error);
  }
}
