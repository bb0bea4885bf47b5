// An identifier that leaves only as a digest is still the identifier. Values that catalogued members returned
// are kept here, inside the app's process, and compared with what goes into a digest; they are never sent.

import { whole } from "../bytes.js";
import { note, stackId } from "../events.js";
import { quietly } from "../calls.js";
import { fault } from "../state.js";
import * as stacks from "../stacks.js";

const MAX_VALUES = 256;
const MIN_LENGTH = 6;
const values = new Map(); // text → row that returned it
const digesting = new Set(); // threads inside digest(bytes), which calls update(bytes)

export function remember(row, result) {
  if (typeof result !== "string" || result.length < MIN_LENGTH || result.length > 128) return;
  if (values.size >= MAX_VALUES && !values.has(result)) values.delete(values.keys().next().value);
  values.set(result, row);
}

function matching(bytes) {
  if (bytes === null || bytes.length < MIN_LENGTH || bytes.length > 512) return null;
  const text = String.fromCharCode(...new Uint8Array(whole(bytes, 512)));
  for (const [value, row] of values) {
    if (text.includes(value) || text.toLowerCase() === value.toLowerCase()) return row;
  }
  return null;
}

export function prepare(Java) {
  try {
    const digest = Java.use("java.security.MessageDigest");
    for (const name of ["update", "digest"]) {
      for (const overload of digest[name].overloads) {
        const types = overload.argumentTypes.map((t) => t.className);
        if (types[0] !== "[B") continue;
        overload.implementation = function (...given) {
          const thread = Process.getCurrentThreadId();
          const nested = digesting.has(thread);
          if (values.size > 0 && !nested) {
            quietly("digest", () => {
              const row = matching(given[0]);
              if (row !== null) {
                note("digest", { row: row.id, algorithm: String(this.getAlgorithm()), stack: stackId(stacks.text()) });
              }
            });
          }
          if (name !== "digest" || nested) return overload.apply(this, given);
          digesting.add(thread);
          try {
            return overload.apply(this, given);
          } finally {
            digesting.delete(thread);
          }
        };
      }
    }
  } catch (error) {
    fault("hashing", error);
  }
}
