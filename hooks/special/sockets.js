// Connections: the address and port of each, the name it was looked up by, and who asked for it.

import { note, room } from "../events.js";
import { attach, nativeStack, moduleOf } from "../native.js";
import { fault } from "../state.js";

const MAX_NAMES = 2048;
const INET = 2;
const INET6 = 10;
const names = new Map(); // address → the name it was last looked up by
const looking = new Set(); // threads inside a look-up, which connects to no one to sort the addresses

let addresses = []; // offsets in struct addrinfo: of the next one, of the address
const called = new Map(); // function of libc → how it is called

function libc(name, ...given) {
  let found = called.get(name);
  if (found === undefined) {
    const types = given.map((one) => (typeof one === "number" ? "int" : "pointer"));
    found = new NativeFunction(Module.getGlobalExportByName(name), "int", types);
    called.set(name, found);
  }
  return found(...given);
}

function port(address) {
  return (address.add(2).readU8() << 8) | address.add(3).readU8();
}

// In the one spelling that both sides of a comparison have: IPv4 also where it is mapped into IPv6.
function text(address) {
  if (address.readU16() === INET) return [4, 5, 6, 7].map((i) => address.add(i).readU8()).join(".");
  const groups = [];
  for (let i = 8; i < 24; i += 2) groups.push((address.add(i).readU8() << 8) | address.add(i + 1).readU8());
  if (groups.slice(0, 5).every((g) => g === 0) && groups[5] === 0xffff) {
    return [groups[6] >> 8, groups[6] & 255, groups[7] >> 8, groups[7] & 255].join(".");
  }
  return groups.map((g) => g.toString(16)).join(":");
}

// One end of a socket, by the function of libc that tells; null where it is no socket of the internet.
export function end(fd, name) {
  const room = Memory.alloc(128);
  const size = Memory.alloc(4);
  size.writeInt(128);
  if (libc(name, fd, room, size) !== 0 || ![INET, INET6].includes(room.readU16())) return null;
  return { ip: text(room), port: port(room) };
}

function local(fd) {
  const own = end(fd, "getsockname");
  return own === null ? 0 : own.port;
}

function datagram(fd) {
  const value = Memory.alloc(4);
  const size = Memory.alloc(4);
  size.writeInt(4);
  return libc("getsockopt", fd, 1, 3, value, size) === 0 && value.readInt() === 2; // SOL_SOCKET, SO_TYPE, SOCK_DGRAM
}

function connected(bytes, size, result, error, from) {
  const thread = Process.getCurrentThreadId();
  if (looking.has(thread) || !room("connect")) return;
  const fd = bytes.add(size - 4).readInt();
  const ip = text(bytes);
  const pending = result !== 0 && (error === 115 || error === 36); // EINPROGRESS
  note("connect", {
    ip, port: port(bytes), host: names.get(ip) || "", local_port: local(fd), protocol: datagram(fd) ? "udp" : "tcp",
    error: result === 0 || pending ? 0 : error, thread, module: moduleOf(from), stack: nativeStack("connect", thread, from, "connect"),
  });
}

// A function like getaddrinfo (name, service, hints, …, found); `place` of its last argument.
function lookup(place) {
  return {
    onEnter(args) {
      this.name = args[0];
      this.found = args[place];
      this.thread = Process.getCurrentThreadId();
      looking.add(this.thread);
    },
    onLeave(result) {
      looking.delete(this.thread);
      try {
        if (result.toInt32() === 0 && !this.name.isNull()) remember(this.name, this.found.readPointer());
      } catch (error) {
        fault("look-up", error);
      }
    },
  };
}

// What it found: a list of struct addrinfo.
function remember(name, first) {
  const [next, place] = addresses;
  const host = name.readUtf8String().slice(0, 255);
  let item = first;
  for (let i = 0; i < 64 && !item.isNull(); i++) {
    const address = item.add(place).readPointer();
    if (!address.isNull()) {
      const ip = text(address);
      if (names.size >= MAX_NAMES && !names.has(ip)) names.delete(names.keys().next().value);
      names.set(ip, host);
    }
    item = item.add(next).readPointer();
  }
}

const LOOKUPS = { getaddrinfo: 3, android_getaddrinfofornetcontext: 4, android_getaddrinfofornet: 5 };

export function prepare() {
  // bionic has ai_canonname before ai_addr, glibc after
  const bionic = Module.findGlobalExportByName("android_getaddrinfofornet") !== null;
  addresses = Process.pointerSize === 8 ? [40, bionic ? 32 : 24] : [28, bionic ? 24 : 20];
  for (const [name, place] of Object.entries(LOOKUPS)) {
    const address = Module.findGlobalExportByName(name);
    if (address !== null) Interceptor.attach(address, lookup(place));
  }
  return attach(["connect"], "on_connect", "after_number", connected);
}
