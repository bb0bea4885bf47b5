// The agent: takes the catalogue from the host, sets the hooks, sends batches of events.

import Java from "./bridge.js";
import * as events from "./events.js";
import { hotspot, ownFactory } from "./factories.js";
import { installAll } from "./installer.js";
import * as native from "./native.js";
import * as binder from "./special/binder.js";
import * as ciphers from "./special/ciphers.js";
import * as fields from "./special/fields.js";
import * as hashing from "./special/hashing.js";
import * as listeners from "./special/listeners.js";
import * as loading from "./special/loading.js";
import * as natives from "./special/natives.js";
import * as permissions from "./special/permissions.js";
import * as readers from "./special/readers.js";
import * as screen from "./special/screen.js";
import * as sockets from "./special/sockets.js";
import * as ssl from "./special/ssl.js";
import * as starting from "./special/starting.js";
import * as tls from "./special/tls.js";
import * as unpinning from "./special/unpinning.js";
import * as webview from "./special/webview.js";
import * as stacks from "./stacks.js";
import { config, now } from "./state.js";

const SETTLE_MS = 60; // hooks become live on the runtime's next turn
let early = null; // what became of the readers that were hooked at once

// What each module watches is below Java, or in it.
const NATIVE = { sockets, ssl };
const JAVA = { permissions, screen, hashing, loading, tls, ciphers, binder, starting, webview, fields, unpinning };

// Each module by itself: one that this version of the platform has no place for does not take the rest along.
function prepared(modules, outcome, ...given) {
  for (const [name, module] of Object.entries(modules)) {
    if (!config.specials.includes(name)) continue;
    try {
      module.prepare(...given);
      outcome[name] = "";
    } catch (error) {
      outcome[name] = String((error && error.message) || error).slice(0, 200);
    }
  }
  return outcome;
}

// What is hooked below Java. Without a C compiler for this processor nothing is, and that is said.
function beneath(outcome) {
  const rows = config.rows.filter((row) => row.hook === "native");
  try {
    native.prepare(natives.patterns(config.tables), natives.numbers());
  } catch (error) {
    outcome.native = String((error && error.message) || error).slice(0, 200);
    return rows.map((row) => ({ row: row.id, state: "failed", n: 0 }));
  }
  prepared(NATIVE, outcome);
  return natives.install(rows);
}

rpc.exports = {
  about() {
    let android = null;
    try {
      android = Java.androidVersion;
    } catch (_) {
      // not Android
    }
    const known = { java: Java.available, android, sdk: null, frida: Frida.version, runtime: Script.runtime,
      pid: Process.id, arch: Process.arch, clock: Date.now() };
    if (!Java.available) return known;
    // At once: `perform` would wait for the app's class loader, and the app for us to let it run.
    Java.performNow(() => {
      // Before a class that is made of it: the bridge would find it again through that class alone, which hooks on
      // the runtime's own classes cannot see.
      Java.use("java.lang.Object");
      try {
        known.sdk = Java.use("android.os.Build$VERSION").SDK_INT.value;
      } catch (_) {
        // no framework
      }
    });
    return { ...known, clock: Date.now() };
  },

  // {rows: what became of each, specials: module → why it could not be set, or empty}
  install(given) {
    Object.assign(config, given);
    return new Promise((resolve, reject) => {
      const specials = {};
      const rows = beneath(specials);
      events.start();
      if (!Java.available) {
        resolve({ rows, specials });
        return;
      }
      Java.performNow(() => {
        try {
          stacks.prepare();
          listeners.prepare();
          const methods = config.rows.filter((row) => row.hook === "method");
          rows.push(...installAll(Java, Java.classFactory, methods.filter((row) => !row.library)));
          prepared(JAVA, specials, Java);
          // HotSpot hangs where a hook is set while another thread loads classes: there they come first.
          if (hotspot) early = readers.installAll(ownFactory());
          setTimeout(() => resolve({ rows, specials }), SETTLE_MS);
        } catch (error) {
          reject(error);
        }
      });
    });
  },

  // The classes of libraries: only once the app's own loader is there. Loads them, runs no code of theirs.
  libraries() {
    return new Promise((resolve, reject) => {
      Java.perform(() => {
        try {
          resolve(loading.libraries(Java, Java.classFactory));
        } catch (error) {
          reject(error);
        }
      });
    });
  },

  // Of the app's own classes, for the same reason.
  readers() {
    return new Promise((resolve, reject) => {
      Java.perform(() => {
        try {
          resolve(early || readers.installAll(ownFactory()));
        } catch (error) {
          reject(error);
        }
      });
    });
  },

  epoch(number) {
    events.flush();
    now.epoch = number;
    permissions.forget();
    return number;
  },

  flush() {
    return events.flush();
  },

  stop() {
    if (Java.available) ciphers.stop();
    return events.stop();
  },
};
