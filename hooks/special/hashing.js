// An identifier that leaves only as a digest is still the identifier. Values that catalogued members returned
// are kept here, inside the app's process, and compared with what goes into a digest; they are never sent.

import { region } from "../bytes.js";
import { note, room, stackId } from "../events.js";
import { watch } from "../members.js";
import * as stacks from "../stacks.js";

const MAX_VALUES = 256;
const MIN_LENGTH = 6;
const MAX_LENGTH = 512; // of what goes into a digest at once
const values = new Map(); // text → row that returned it

export function remember(row, result) {
  if (typeof result !== "string" || result.length < MIN_LENGTH || result.length > 128) return;
  if (values.size >= MAX_VALUES && !values.has(result)) values.delete(values.keys().next().value);
  values.set(result, row);
}

function matching(bytes, start, length) {
  if (bytes === null || length < MIN_LENGTH || length > MAX_LENGTH) return null;
  const text = String.fromCharCode(...new Uint8Array(region(bytes, start, length, MAX_LENGTH)));
  for (const [value, row] of values) {
    if (text.includes(value) || text.toLowerCase() === value.toLowerCase()) return row;
  }
  return null;
}

// update(bytes), update(bytes, start, length), digest(bytes).
function digested(_, self, given) {
  if (values.size === 0) return;
  const [bytes, start = 0, length = bytes === null ? 0 : bytes.length] = given;
  const row = matching(bytes, start, length);
  if (row === null || !room("digest")) return;
  note("digest", { row: row.id, algorithm: String(self.getAlgorithm()), stack: stackId(stacks.text()) });
}

export function prepare(Java) {
  const look = (member, wanted) => watch(Java.classFactory, "java.security.MessageDigest", [member], "digest", digested,
    { first: true, wanted });
  look("update", (types) => types[0] === "[B");
  look("digest", (types) => types.length === 1);
}
