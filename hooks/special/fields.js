// Constants of the device that are read by name: by reflection, and by native code through JNI, where the look-up
// of the name is what can be seen.

import Java from "../bridge.js";
import { outerOf } from "../calls.js";
import { emit } from "../events.js";
import { each, watch } from "../members.js";
import { attachAt, nativeStack } from "../native.js";
import { config } from "../state.js";
import { take } from "../stacks.js";

const GET_STATIC_FIELD_ID = 144; // place in JNI's table of functions
const SIGNATURE = "(Ljava/lang/Object;)Ljava/lang/Object;";
let named = new Map(); // member → rows

function rowOf(member, owner) {
  const rows = named.get(member);
  return rows === undefined ? undefined : rows.find((row) => row.class === owner());
}

function told(row, way, thread, stack) {
  emit({ row: row.id, sig: SIGNATURE, args: "0=" + way, result: "value", error: "", outer: -1, permissions: "", thread,
    stack });
}

function got(_, self, given, result, error) {
  if (error !== null) return;
  const row = rowOf(self.getName(), () => self.getDeclaringClass().getName());
  const thread = Process.getCurrentThreadId();
  if (row !== undefined) told(row, "reflection", thread, take(row.id, thread));
}

function lookedUp(bytes, size, result, error, from) {
  const thread = Process.getCurrentThreadId();
  const env = Java.vm.tryGetEnv();
  if (result !== 0 || outerOf(thread) === -1 || env === null) return;
  const end = size - Process.pointerSize;
  const row = rowOf(bytes.readUtf8String(end), () => env.getClassName(bytes.add(end).readPointer()));
  if (row !== undefined) told(row, "JNI", thread, nativeStack(row.id, thread, from, "GetStaticFieldID"));
}

export function prepare() {
  named = new Map();
  for (const field of config.fields) named.set(field.member, [...(named.get(field.member) || []), field]);
  each(
    () => watch(Java.classFactory, "java.lang.reflect.Field", ["get"], "field", got),
    () => {
      const table = Java.vm.getEnv().handle.readPointer();
      const place = table.add(GET_STATIC_FIELD_ID * Process.pointerSize).readPointer();
      attachAt(place, "on_field", "after_pointer", lookedUp);
    },
  );
}
