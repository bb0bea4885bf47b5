// One hook: call through, note what was asked and what came of it. The app sees what it would see without
// us: the same result, the same exception, our own failures never.

import { emit } from "./events.js";
import { fault } from "./state.js";
import * as permissions from "./special/permissions.js";
import { remember } from "./special/hashing.js";
import { watch } from "./special/listeners.js";
import { take } from "./stacks.js";
import { text } from "./values.js";
import { find, guards } from "./words.js";

const inside = new Map(); // thread → stack of rows that are being called; -1: our own code

function shares(row, outer) {
  if (row.kind === "binder") return true; // the framework fetching its service for a hooked member
  if (row.kind !== "" && row.kind === outer.kind) return true;
  return row.member === outer.member || row.data.some((id) => outer.data.includes(id));
}

// The arguments that matter as "0=android_id", and the permissions that guard what they name; null where no
// argument does and the row alone says nothing.
function read(row, self, values) {
  let args = "";
  let permissions = row.permissions;
  const command = row.kind === "exec"; // told whatever it runs
  let hit = command || row.data.length > 0 || row.tables.length === 0;
  for (const [place, table] of row.tables) {
    const value = text(place === -1 ? self : values[place]);
    const word = value === null ? null : find(table, value);
    if (word === null && !(command && value !== null)) continue;
    hit = true;
    args += (args && "\u0002") + place + "=" + value;
    if (word !== null && permissions.length === 0) permissions = guards(table, word);
  }
  return hit ? { args, permissions } : null;
}

// What a thread is inside of: a row, -1 for our own code, undefined for neither.
export function outerOf(thread) {
  const rows = inside.get(thread);
  return rows === undefined ? undefined : rows[rows.length - 1];
}

function kindOf(result) {
  return result === null ? "null" : "value"; // undefined: the method returns nothing, and did
}

function record(row, signature, self, values, outer, thread, result, error) {
  const asked = read(row, self, values);
  if (asked === null) return;
  emit({
    row: row.id, sig: signature, args: asked.args, result: error ? "exception" : kindOf(result),
    error: error ? className(error) : "", outer: outer === undefined ? -1 : outer.id,
    permissions: permissions.states(asked.permissions), thread, stack: take(row.id, thread),
  });
  if (!error) remember(row, result);
  if (row.role === "listen") watch(row, values);
}

export function className(error) {
  try {
    return String(error.$className || String(error.message || error).split(":")[0]).slice(0, 200);
  } catch (_) {
    return "unknown";
  }
}

// `overload`: a method of the Java bridge; replaces its implementation.
export function hook(row, overload, signature) {
  overload.implementation = function (...values) {
    const thread = Process.getCurrentThreadId();
    let rows = inside.get(thread);
    if (rows === undefined) inside.set(thread, (rows = []));
    const outer = rows[rows.length - 1];
    // Called by our own code, or by the framework on behalf of the same access: not another access.
    const silent = outer === -1 || (outer !== undefined && outer.role !== "callback" && shares(row, outer));
    if (silent) return overload.apply(this, values);
    let result;
    let error = null;
    rows.push(row);
    try {
      result = overload.apply(this, values);
    } catch (thrown) {
      error = { thrown };
    }
    rows[rows.length - 1] = -1;
    try {
      record(row, signature, this, values, outer, thread, result, error && error.thrown);
    } catch (failure) {
      fault(row.class + "." + row.member, failure);
    }
    rows.pop();
    if (rows.length === 0) inside.delete(thread);
    if (error !== null) throw error.thrown;
    return result;
  };
}

// Runs code of ours on the app's thread without seeing its own calls.
export function quietly(where, code) {
  const thread = Process.getCurrentThreadId();
  let rows = inside.get(thread);
  if (rows === undefined) inside.set(thread, (rows = []));
  rows.push(-1);
  try {
    return code();
  } catch (failure) {
    fault(where, failure);
    return undefined;
  } finally {
    rows.pop();
    if (rows.length === 0) inside.delete(thread);
  }
}
