// Batches of events. Equal calls of one window are one record with a count, so that a flood costs the host
// nothing, and every call is counted exactly. Messages carry a sequence number; what had to be dropped is counted.

import { joined } from "./bytes.js";
import { config, faults, now } from "./state.js";

const VERSION = 1;
const WINDOW_MS = 100;
const MAX_RECORDS = 4000; // distinct records a window
const MAX_STACKS = 4000; // stacks remembered; then their numbers start anew
const MAX_BYTES = 1 << 20; // of samples a window
const NOTES_A_SECOND = 200; // of one kind that an app can cause as often as it likes

let sequence = 0;
let lost = 0;
let records = new Map();
let notes = [];
let fresh = {};
let freshCount = 0;
let stacks = new Map();
let stackNumber = 0;
let totals = {};
let samples = [];
let sampled = 0;
let rates = new Map(); // kind → {second, n}
let left = {}; // kind → notes left out since the last message

// Whether one more note of this kind is taken this second; one that is not is counted.
export function room(kind) {
  const second = Math.floor(Date.now() / 1000);
  let rate = rates.get(kind);
  if (rate === undefined || rate.second !== second) rates.set(kind, (rate = { second, n: 0 }));
  if (rate.n++ < NOTES_A_SECOND) return true;
  left[kind] = (left[kind] || 0) + 1;
  return false;
}

// Bytes that travel beside the message; null where the window's share is used up.
export function sample(buffer) {
  if (buffer === null || sampled + buffer.byteLength > MAX_BYTES) return null;
  samples.push(buffer);
  sampled += buffer.byteLength;
  return { at: sampled - buffer.byteLength, n: buffer.byteLength };
}

export function stackId(text) {
  let id = stacks.get(text);
  if (id === undefined) {
    if (stacks.size >= MAX_STACKS) stacks = new Map();
    id = ++stackNumber;
    stacks.set(text, id);
    fresh[id] = text;
    freshCount++;
  }
  return id;
}

// `call`: {row, sig, args, result, error, outer, permissions, thread, stack}
export function emit(call) {
  totals[call.row] = (totals[call.row] || 0) + 1;
  const time = Date.now();
  const second = Math.floor(time / 1000);
  const key = [call.row, call.sig, call.args, call.result, call.error, call.outer, call.permissions, call.thread,
    call.stack, now.screen, now.resumed > 0, second].join("\u0001");
  const known = records.get(key);
  if (known !== undefined) {
    known.n++;
    known.last = time;
    return;
  }
  if (records.size >= MAX_RECORDS) {
    lost++;
    return;
  }
  records.set(key, { ...call, n: 1, first: time, last: time, epoch: now.epoch, screen: now.screen,
    foreground: now.resumed > 0 });
  if (records.size >= MAX_RECORDS / 4) flush();
}

// Something that is no call of a catalogued member: a permission prompt, a screen, a loaded file …
export function note(kind, detail) {
  if (notes.length >= MAX_RECORDS) {
    lost++;
    return;
  }
  notes.push({ kind, time: Date.now(), epoch: now.epoch, screen: now.screen, foreground: now.resumed > 0, ...detail });
}

export function flush() {
  const quiet = freshCount === 0 && lost === 0 && Object.keys(left).length === 0 && faults.size === 0;
  if (quiet && records.size === 0 && notes.length === 0) return sequence;
  const message = {
    v: VERSION, token: config.token, type: "batch", seq: ++sequence, time: Date.now(),
    stacks: fresh, calls: [...records.values()], notes, totals, lost,
    faults: Object.fromEntries(faults), left,
  };
  const bytes = samples.length > 0 ? joined(samples) : null;
  records = new Map();
  notes = [];
  fresh = {};
  freshCount = 0;
  lost = 0;
  samples = [];
  sampled = 0;
  left = {};
  faults.clear();
  send(message, bytes);
  return sequence;
}

let timer = null;

export function start() {
  if (timer === null) timer = setInterval(flush, WINDOW_MS);
}

export function stop() {
  if (timer !== null) clearInterval(timer);
  timer = null;
  flush();
  return { sequence, totals };
}
