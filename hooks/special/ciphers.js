// What is encrypted, and what is signed with a key: a sample of what went in, and enough of what came out to
// find it again in traffic. Samples stay with the host that watches; no report shows them.

import { hex, joined, region, whole } from "../bytes.js";
import { note, room, sample, stackId } from "../events.js";
import { each, watch } from "../members.js";
import * as stacks from "../stacks.js";

const MAX_SAMPLE = 64 * 1024; // of what goes in
const MAX_HASHED = 4 * 1024 * 1024; // of what comes out; a longer one has no digest
const MAX_KEY = 4096;
const ENDS = 16; // first and last bytes of what comes out
const MAX_OBJECTS = 512; // ciphers that are kept track of
const DIRECTIONS = { 1: "encrypt", 2: "decrypt", 3: "wrap", 4: "unwrap" };

const running = new Map(); // identity → what the object has taken and given so far
let System = null;

function empty() {
  return { taken: [], kept: 0, length: 0, head: null, tail: null, size: 0, checksum: new Checksum("sha256"), stack: 0 };
}

function start(self, kind, more) {
  const id = kind + System.identityHashCode(self);
  finish(running.get(id)); // a stream's end is never told
  running.delete(id);
  if (running.size >= MAX_OBJECTS) {
    const [oldest, state] = running.entries().next().value;
    finish(state);
    running.delete(oldest);
  }
  const state = { kind, algorithm: String(self.getAlgorithm()).slice(0, 100), ...empty(), ...more };
  running.set(id, state);
  return state;
}

function take(state, array, from, n) {
  const bytes = region(array, from, n, MAX_SAMPLE - state.kept);
  state.length += n;
  if (bytes === null || bytes.byteLength === 0) return;
  state.taken.push(bytes);
  state.kept += bytes.byteLength;
}

function give(state, array, from, n) {
  if (n <= 0) return;
  state.size += n;
  const hashed = state.size <= MAX_HASHED;
  const bytes = region(array, from, n, hashed ? n : ENDS);
  if (bytes === null) return;
  if (hashed) state.checksum.update(bytes);
  if (state.head === null || state.head.byteLength < ENDS) {
    state.head = joined([state.head || new ArrayBuffer(0), bytes.slice(0, ENDS)]).slice(0, ENDS);
  }
  const end = joined([state.tail || new ArrayBuffer(0), bytes.slice(-ENDS)]);
  state.tail = end.slice(-ENDS);
}

function finish(state) {
  if (state === undefined || state.length + state.size === 0 || state.stack < 0) return;
  const { kind, algorithm, direction, length, size, stack } = state;
  const text = sample(joined(state.taken));
  const common = { algorithm, length, sample: text, thread: Process.getCurrentThreadId(), stack };
  const whole = state.size <= MAX_HASHED;
  if (kind === "cipher") {
    note(kind, { ...common, direction, size, sha256: whole ? state.checksum.getString() : "",
      head: hex(state.head || new ArrayBuffer(0)), tail: whole ? hex(state.tail || new ArrayBuffer(0)) : "" });
  } else {
    note(kind, { ...common, key: state.key === null ? null : sample(state.key),
      output: hex(state.output || new ArrayBuffer(0)) });
  }
  Object.assign(state, empty());
}

// `after` gets (object, overload's argument types, arguments, result) of calls that went well.
function set(Java, name, member, after) {
  watch(Java.classFactory, name, [member], "ciphers", (_, self, given, result, error, types) => {
    if (error === null) after(self, types, given, result);
  });
}

// What a call of update or doFinal takes, as [array, start, length]; null where it takes nothing.
function input(types, given) {
  if (types[0] === "[B" && types[1] === "int" && types[2] === "int") return given.slice(0, 3);
  if (types[0] === "[B" && types[1] !== "int") return [given[0], 0, given[0] === null ? 0 : given[0].length];
  return null;
}

function moved(state, types, given, result) {
  const from = input(types, given);
  if (from !== null) take(state, ...from);
  if (types[0] === "java.nio.ByteBuffer") state.length += Number(result) || 0;
  if (result !== null && result.$h !== undefined) give(state, result, 0, result.length);
  else if (typeof result === "number" && types[0] === "[B") {
    const place = types.lastIndexOf("[B");
    if (place > 0 || from === null) give(state, given[place], types[place + 1] === "int" ? given[place + 1] : 0, result);
  }
}

function cipher(Java) {
  const on = (member, after) => set(Java, "javax.crypto.Cipher", member, after);
  on("init", (self, _, given) => start(self, "cipher", { direction: DIRECTIONS[given[0]] || "unknown" }));
  const run = (last) => (self, types, given, result) => {
    const state = running.get("cipher" + System.identityHashCode(self)) || start(self, "cipher", { direction: "unknown" });
    moved(state, types, given, result);
    if (state.stack === 0) state.stack = room("cipher") ? stackId(stacks.text()) : -1;
    if (last && state.stack > 0) finish(state);
    else if (last) Object.assign(state, empty());
  };
  on("update", run(false));
  on("doFinal", run(true));
}

function hmac(Java) {
  const on = (member, after) => set(Java, "javax.crypto.Mac", member, after);
  on("init", (self, _, given) => {
    const key = given[0] === null ? null : given[0].getEncoded();
    start(self, "hmac", { key: whole(key, MAX_KEY) });
  });
  const run = (last) => (self, types, given, result) => {
    const state = running.get("hmac" + System.identityHashCode(self)) || start(self, "hmac", { key: null });
    const single = types[0] === "byte";
    const from = single ? null : input(types, given);
    if (single) state.length += 1;
    if (from !== null) take(state, ...from);
    if (!last) return;
    if (result !== null && result !== undefined) state.output = whole(result, 128);
    state.stack = room("hmac") ? stackId(stacks.text()) : -1;
    if (state.stack > 0) finish(state);
    else Object.assign(state, empty());
  };
  on("update", run(false));
  on("doFinal", run(true));
}

// Streams that were never brought to an end are told when the watching ends.
export function stop() {
  for (const state of running.values()) finish(state);
  running.clear();
}

export function prepare(Java) {
  System = Java.use("java.lang.System");
  each(() => cipher(Java), () => hmac(Java));
}
