// Byte arrays of Java without a crossing an element: one region, at most as long as asked for.

import Java from "./bridge.js";

// The bytes as an ArrayBuffer of at most `limit`; null where there is no array.
export function region(array, start, length, limit) {
  if (array === null || array === undefined || array.$h === undefined) return null;
  const from = Math.max(0, start);
  const n = Math.min(length, array.length - from, limit);
  if (n <= 0) return new ArrayBuffer(0);
  const room = Memory.alloc(n);
  Java.vm.getEnv().getByteArrayRegion(array.$h, from, n, room);
  return room.readByteArray(n);
}

export function whole(array, limit) {
  return region(array, 0, array === null || array === undefined ? 0 : array.length, limit);
}

export function hex(buffer) {
  let text = "";
  for (const byte of new Uint8Array(buffer)) text += (byte < 16 ? "0" : "") + byte.toString(16);
  return text;
}

export function joined(parts) {
  const all = new Uint8Array(parts.reduce((n, part) => n + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    all.set(new Uint8Array(part), at);
    at += part.byteLength;
  }
  return all.buffer;
}
