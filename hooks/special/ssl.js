// TLS of native code by OpenSSL or BoringSSL where they export their functions: the host that a handshake is for,
// which library began it, and how it ended. Every copy that is loaded, whenever that is.

import { note, room } from "../events.js";
import { nativeStack } from "../native.js";
import { fault } from "../state.js";
import { end } from "./sockets.js";

const BEGIN = ["SSL_do_handshake", "SSL_connect"]; // one may be made of the other
const JAVA = /^lib(javacrypto|conscrypt\w*)\.so/; // what calls for Java is told by tls.js
const WAITING = [2, 3]; // SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: it goes on with the next call
const HOST_NAME = 0; // TLSEXT_NAMETYPE_host_name
const USES = {
  SSL_get_error: ["int", ["pointer", "int"]],
  SSL_get_fd: ["int", ["pointer"]],
  SSL_get_servername: ["pointer", ["pointer", "int"]],
  SSL_in_init: ["int", ["pointer"]],
  SSL_is_server: ["int", ["pointer"]],
};
const busy = new Set(); // threads inside a handshake

function told(lib, ssl, result, from) {
  if (result !== 1 && WAITING.includes(lib.SSL_get_error(ssl, result))) return;
  if (!room("tls")) return;
  const name = lib.SSL_get_servername(ssl, HOST_NAME);
  const fd = lib.SSL_get_fd(ssl);
  const [peer, own] = fd < 0 ? [null, null] : [end(fd, "getpeername"), end(fd, "getsockname")];
  const thread = Process.getCurrentThreadId();
  note("tls", {
    host: name.isNull() ? "" : name.readUtf8String().slice(0, 255), ip: peer === null ? "" : peer.ip,
    port: peer === null ? 0 : peer.port, local_port: own === null ? 0 : own.port,
    error: result === 1 ? "" : "SSL_ERROR " + lib.SSL_get_error(ssl, result), thread,
    stack: nativeStack("tls", thread, from, "SSL_do_handshake"),
  });
}

// A handshake that is done already, or that the app's own end of a server does, is nobody's beginning.
function watched(lib) {
  return {
    onEnter(args) {
      const thread = Process.getCurrentThreadId();
      const caller = Process.findModuleByAddress(this.returnAddress);
      this.ours = !busy.has(thread) && !(caller !== null && JAVA.test(caller.name)) && lib.SSL_is_server(args[0]) === 0 &&
        lib.SSL_in_init(args[0]) !== 0;
      if (!this.ours) return;
      busy.add(thread);
      this.thread = thread;
      this.ssl = args[0];
    },
    onLeave(result) {
      if (!this.ours) return;
      try {
        told(lib, this.ssl, result.toInt32(), this.returnAddress);
      } catch (error) {
        fault("ssl", error);
      }
      busy.delete(this.thread);
    },
  };
}

function added(module) {
  const lib = {};
  for (const [name, [result, types]] of Object.entries(USES)) {
    const address = module.findExportByName(name);
    if (address === null) return;
    lib[name] = new NativeFunction(address, result, types);
  }
  const addresses = BEGIN.map((name) => module.findExportByName(name)).filter((address) => address !== null);
  for (const address of addresses) Interceptor.attach(address, watched(lib));
}

export function prepare() {
  Process.attachModuleObserver({
    onAdded(module) {
      try {
        added(module);
      } catch (error) {
        fault("ssl " + module.name, error);
      }
    },
  });
}
