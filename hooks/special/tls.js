// TLS: the host that a handshake is for, who began it, and how it ended. The name is the one the app asked
// for, also where the connection goes through a proxy.

import { className } from "../calls.js";
import { note, room, stackId } from "../events.js";
import { watchAny } from "../members.js";
import * as stacks from "../stacks.js";

// Class → the method that begins a handshake. The platform's own, under its names since API 23; the copies
// that libraries bring under their own names; the JVM's.
const BEGIN = {
  "com.android.org.conscrypt.ConscryptFileDescriptorSocket": "startHandshake",
  "com.android.org.conscrypt.ConscryptEngineSocket": "startHandshake",
  "com.android.org.conscrypt.OpenSSLSocketImpl": "startHandshake",
  "com.android.org.conscrypt.ConscryptEngine": "beginHandshake",
  "com.android.org.conscrypt.OpenSSLEngineImpl": "beginHandshake",
  "com.google.android.gms.org.conscrypt.ConscryptFileDescriptorSocket": "startHandshake",
  "com.google.android.gms.org.conscrypt.ConscryptEngineSocket": "startHandshake",
  "org.conscrypt.ConscryptFileDescriptorSocket": "startHandshake",
  "org.conscrypt.ConscryptEngineSocket": "startHandshake",
  "org.conscrypt.ConscryptEngine": "beginHandshake",
  "sun.security.ssl.SSLSocketImpl": "startHandshake",
  "sun.security.ssl.SSLEngineImpl": "beginHandshake",
};

function first(...ways) {
  for (const way of ways) {
    try {
      const found = way();
      if (found !== null && found !== undefined && found !== "" && found !== -1) return found;
    } catch (_) {
      // not on this version: the next way
    }
  }
  return null;
}

function serverName(self) {
  const names = self.getSSLParameters().getServerNames();
  if (names === null || names.isEmpty()) return null;
  return String(names.get(0).toString()).replace(/^.*value=/, "");
}

function begun(self, error) {
  if (!room("tls")) return;
  const host = first(() => serverName(self), () => self.getHostname(), () => self.getPeerHost(),
    () => self.peerHost.value);
  const address = first(() => self.getInetAddress());
  note("tls", {
    host: host === null ? "" : String(host).slice(0, 255),
    ip: address === null ? "" : String(address.getHostAddress()).replace(/%.*$/, ""),
    port: first(() => self.getPeerPort(), () => self.getPort()) || 0,
    local_port: first(() => self.getLocalPort()) || 0,
    error: error === null ? "" : className(error),
    thread: Process.getCurrentThreadId(), stack: stackId(stacks.text()),
  });
}

export function prepare(Java, factory = Java.classFactory) {
  let n = 0;
  for (const [name, member] of Object.entries(BEGIN)) {
    n += watchAny(factory, name, [member], "tls", (_, self, given, result, error) => begun(self, error));
  }
  if (n === 0) throw new Error("no class that begins a handshake was found");
}
