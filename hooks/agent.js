// The agent: takes the catalogue from the host, sets the hooks, sends batches of events.

import Java from "./bridge.js";
import * as events from "./events.js";
import { installAll } from "./installer.js";
import * as hashing from "./special/hashing.js";
import * as listeners from "./special/listeners.js";
import * as loading from "./special/loading.js";
import * as permissions from "./special/permissions.js";
import * as screen from "./special/screen.js";
import * as stacks from "./stacks.js";
import { config, now } from "./state.js";

const SETTLE_MS = 60; // hooks become live on the runtime's next turn

function specials(wanted) {
  for (const [name, module] of Object.entries({ permissions, screen, hashing, loading })) {
    if (wanted.includes(name)) module.prepare(Java);
  }
}

rpc.exports = {
  about() {
    let android = null;
    try {
      android = Java.androidVersion;
    } catch (_) {
      // not Android
    }
    return { java: Java.available, android, frida: Frida.version, runtime: Script.runtime, pid: Process.id,
      arch: Process.arch, clock: Date.now() };
  },

  install(given) {
    Object.assign(config, given);
    return new Promise((resolve, reject) => {
      Java.perform(() => {
        try {
          stacks.prepare(Java);
          listeners.prepare(Java);
          const methods = config.rows.filter((row) => row.hook === "method");
          const done = installAll(Java, Java.classFactory, methods.filter((row) => !row.library));
          if (config.specials.length > 0) specials(config.specials);
          events.start();
          setTimeout(() => resolve(done), SETTLE_MS);
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
    return events.stop();
  },
};
