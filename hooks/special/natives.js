// The catalogue's members that are functions of libc: files and properties with a name that tells, requests
// for hardware addresses, commands. What the framework itself calls on behalf of a hooked member is not told again.

import { outerOf } from "../calls.js";
import { emit } from "../events.js";
import { attach, MESSAGE, nativeStack, REQUEST } from "../native.js";
import { config } from "../state.js";
import { find } from "../words.js";

// Member → [its names in libc, what looks at it first, what tells its result]
const FILE = "after_number";
const FUNCTIONS = {
  open: [["open", "open64", "__open_2", "__open64_2"], "text_at_0", FILE],
  openat: [["openat", "openat64", "__openat_2", "__openat64_2"], "text_at_1", FILE],
  fopen: [["fopen", "fopen64"], "text_at_0", "after_pointer"],
  access: [["access"], "text_at_0", FILE],
  stat: [["stat", "stat64"], "text_at_0", FILE],
  lstat: [["lstat", "lstat64"], "text_at_0", FILE],
  fstatat: [["fstatat", "fstatat64", "faccessat"], "text_at_1", FILE],
  readlink: [["readlink"], "text_at_0", FILE],
  opendir: [["opendir"], "text_at_0", "after_pointer"],
  __system_property_get: [["__system_property_get"], "text_at_0", FILE],
  __system_property_find: [["__system_property_find"], "text_at_0", "after_pointer"],
  ioctl: [["ioctl"], "on_ioctl", FILE],
  sendto: [["sendto", "send"], "on_send", FILE],
  system: [["system"], "command", FILE],
  popen: [["popen"], "command", "after_pointer"],
};
// The same by number (Linux's syscall tables), for `syscall`: member → [place of what tells, number by processor].
const NUMBERS = {
  open: [1, { x64: 2, ia32: 5, arm: 5 }],
  stat: [1, { x64: 4, ia32: 195, arm: 195 }],
  lstat: [1, { x64: 6, ia32: 196, arm: 196 }],
  access: [1, { x64: 21, ia32: 33, arm: 33 }],
  readlink: [1, { x64: 89, ia32: 85, arm: 85 }],
  openat: [2, { x64: 257, ia32: 295, arm: 322, arm64: 56 }, { x64: 437, ia32: 437, arm: 437, arm64: 437 }],
  fstatat: [2, { x64: 262, ia32: 300, arm: 327, arm64: 79 }, { x64: 332, ia32: 383, arm: 397, arm64: 291 },
    { x64: 269, ia32: 307, arm: 334, arm64: 48 }, { x64: 439, ia32: 439, arm: 439, arm64: 439 }],
  readlinkat: [2, { x64: 267, ia32: 305, arm: 332, arm64: 78 }],
  ioctl: [REQUEST, { x64: 16, ia32: 54, arm: 54, arm64: 29 }],
  sendto: [MESSAGE, { x64: 44, ia32: 369, arm: 290, arm64: 206 }],
};
const TOLD_AS = { readlinkat: "readlink" }; // the row of a call that has none of its own
const MEMBERS = Object.keys(NUMBERS);
const SIGNATURE = "()I";
const REFUSED = { 1: "EPERM", 13: "EACCES" };
const NESTED_MS = 50;
const last = new Map(); // thread → the latest event: one function of libc may be made of another

function nested(row, thread, text) {
  const before = last.get(thread);
  const time = Date.now();
  if (last.size > 1000) last.clear();
  last.set(thread, { member: row.member, text, time });
  if (before === undefined || before.text !== text || before.member === row.member) return false;
  if (time - before.time > NESTED_MS || row.kind === "exec") return false;
  last.delete(thread);
  return true;
}

// `symbol`: the function that was called, as the stack names it.
function handler(row, symbol = row.member) {
  const [place, table] = row.tables[0];
  return (bytes, size, result, error, from) => {
    const thread = Process.getCurrentThreadId();
    const outer = outerOf(thread);
    if (outer !== undefined && (outer === -1 || outer.role !== "callback")) return;
    const text = bytes.readUtf8String(size);
    const known = find(table, text) !== null;
    if ((!known && row.kind !== "exec") || nested(row, thread, text)) return;
    const failed = result < 0;
    const refused = failed && REFUSED[error] !== undefined;
    emit({
      row: row.id, sig: SIGNATURE, args: place + "=" + text, result: refused ? "exception" : failed ? "null" : "value",
      error: refused ? REFUSED[error] : failed ? "errno " + error : "", outer: -1, permissions: "", thread,
      stack: nativeStack(row.id, thread, from, symbol),
    });
  };
}

// What became of each row, as the installer tells it.
export function install(rows) {
  const byMember = new Map(rows.map((row) => [row.member, row]));
  const numbered = MEMBERS.map((member) => byMember.get(TOLD_AS[member] || member));
  attach(["syscall"], "on_number", FILE, ...numbered.map((row) => (row ? handler(row, "syscall") : () => {})));
  return rows.map((row) => {
    const about = FUNCTIONS[row.member];
    if (about === undefined) return { row: row.id, state: "no_symbol", n: 0 };
    const n = attach(about[0], about[1], about[2], handler(row)).length;
    return { row: row.id, state: n > 0 ? "hooked" : "no_symbol", n };
  });
}

// System call → [place of what tells, place of its handler], for this processor.
export function numbers() {
  return MEMBERS.flatMap((member, which) => {
    const [place, ...known] = NUMBERS[member];
    return known.map((numbers) => numbers[Process.arch]).filter((n) => n !== undefined).map((n) => [n, [place, which]]);
  });
}

// Texts that the first look in C lets through: [text, whether it must be all of it].
export function patterns(tables) {
  const found = config.fields.map((field) => [field.member, true]);
  for (const name of ["path", "property"]) {
    for (const word of (tables[name] || { words: [] }).words) {
      const star = word.indexOf("*");
      found.push(star === -1 ? [word, true] : [word.slice(0, star), false]);
    }
  }
  return found.filter(([text]) => text.length > 1);
}
