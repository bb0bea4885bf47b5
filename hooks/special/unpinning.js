// Only where the tester asks for it, since it changes what the app sees: checks of certificates are carried out,
// and what they refuse is accepted and told. Those of the platform and of known libraries, and those that the app
// hands over itself: trust managers, verifiers of host names, clients of web views.

import Java from "../bridge.js";
import { className, quietly } from "../calls.js";
import { convertible, factoryOf, hotspot } from "../factories.js";
import { each, watch, watchAny } from "../members.js";
import { note, room, stackId } from "../events.js";
import { config } from "../state.js";
import * as stacks from "../stacks.js";

const TRUST = ["checkServerTrusted"];
const PIN = ["check", "check$okhttp"];
const NAME = ["verify"];
const PLATFORM = {
  "com.android.org.conscrypt.TrustManagerImpl": TRUST,
  "android.security.net.config.RootTrustManager": TRUST,
  "android.net.http.X509TrustManagerExtensions": TRUST,
  "com.android.okhttp.CertificatePinner": PIN,
  "com.android.okhttp.internal.tls.OkHostnameVerifier": NAME,
  "sun.security.ssl.X509TrustManagerImpl": TRUST,
};
const LIBRARIES = {
  "okhttp3.CertificatePinner": PIN,
  "okhttp3.internal.tls.OkHostnameVerifier": NAME,
  "com.squareup.okhttp.CertificatePinner": PIN,
  "com.squareup.okhttp.internal.tls.OkHostnameVerifier": NAME,
  "org.conscrypt.TrustManagerImpl": TRUST,
  "com.google.android.gms.org.conscrypt.TrustManagerImpl": TRUST,
};
// Class → [its members that checks are handed over to, their interface, the interface's members that check]
const HANDED = {
  "javax.net.ssl.SSLContext": [["init"], "javax.net.ssl.X509TrustManager", TRUST],
  "javax.net.ssl.HttpsURLConnection": [["setHostnameVerifier", "setDefaultHostnameVerifier"],
    "javax.net.ssl.HostnameVerifier", NAME],
  "com.android.okhttp.internal.huc.HttpsURLConnectionImpl": [["setHostnameVerifier"], "javax.net.ssl.HostnameVerifier",
    NAME],
};
const MAX_CLASSES = 256;
const lifted = new Set(); // classes whose checks are lifted

function text(value) {
  return value === null || value === undefined ? "" : String(value).slice(0, 255);
}

// The name in the certificate that was refused: a proxy's has that of the host asked for.
function subject(chain) {
  const names = chain[0].getSubjectAlternativeNames();
  const first = names === null || names.isEmpty() ? null : names.iterator().next();
  if (first !== null) return String(Java.cast(first, Java.use("java.util.List")).get(1));
  return (/CN=([^,]+)/.exec(chain[0].getSubjectX500Principal().getName()) || ["", ""])[1];
}

function hostOf(given) {
  const name = given.find((value, place) => typeof value === "string" && place !== 1);
  if (name !== undefined) return name;
  try {
    return subject(given[0]);
  } catch (_) {
    return ""; // no chain of certificates
  }
}

// What a check says that holds, by the type of its result; throws where that is not known.
function accepted(type, given) {
  if (type === "void") return undefined;
  if (type === "boolean") return true;
  if (type !== "java.util.List") throw new Error("a check that gives " + type);
  return Java.use("java.util.Arrays").asList(given[0]);
}

function told(what, host, error) {
  if (!room("unpinned")) return;
  note("unpinned", { what, host: text(host), error, thread: Process.getCurrentThreadId(), stack: stackId(stacks.text()) });
}

function lift(factory, name, members) {
  if (lifted.has(name) || lifted.size >= MAX_CLASSES) return;
  lifted.add(name);
  const klass = factory.use(name);
  let n = 0;
  for (const member of members) {
    if (klass[member] === undefined) continue;
    for (const overload of klass[member].overloads) {
      if (!convertible(factory, overload)) continue;
      const type = overload.returnType.className;
      overload.implementation = function (...given) {
        let result;
        let error = null;
        try {
          result = overload.apply(this, given);
        } catch (thrown) {
          error = thrown;
        }
        if (error === null && result !== false) return result;
        const answer = quietly("unpinning", () => {
          const value = accepted(type, given);
          told(name + "." + member, hostOf(given), error === null ? "" : className(error));
          return { value };
        });
        if (answer !== undefined) return answer.value;
        if (error !== null) throw error;
        return result;
      };
      n++;
    }
  }
  if (n === 0) throw new Error(name + " cannot be hooked");
}

// A check that stays as it is: the app goes on refusing, and that is no failure of a hook.
function tried(name, act) {
  try {
    act();
  } catch (error) {
    note("still_pinned", { what: text(name), why: text((error && error.message) || error) });
  }
}

// On HotSpot a hook on one of the runtime's own classes does not find the app's: they are looked for outside it.
function liftOf(object, members) {
  const name = object.$className;
  const later = () => tried(name, () => lift(Java.classFactory, name, members));
  if (!hotspot) tried(name, () => lift(factoryOf(object), name, members));
  else setTimeout(() => Java.perform(() => quietly("unpinning", later)), 0);
}

function proceed(factory, name) {
  if (lifted.has(name) || lifted.size >= MAX_CLASSES) return;
  lifted.add(name);
  for (const overload of factory.use(name).onReceivedSslError.overloads) {
    overload.implementation = function (view, handler, error) {
      const done = quietly("unpinning", () => {
        handler.proceed();
        told(name + ".onReceivedSslError", hostname(error), "");
        return true;
      });
      if (done === undefined) overload.call(this, view, handler, error);
    };
  }
}

function hostname(error) {
  const url = error === null ? "" : text(error.getUrl());
  return (/^https?:\/\/([^/:?#]+)/.exec(url) || ["", ""])[1];
}

function handed(given, kind, members) {
  const wanted = Java.use(kind).class;
  for (const value of given) {
    const all = value !== null && typeof value === "object" && value.length !== undefined ? value : [value];
    for (let i = 0; i < all.length; i++) {
      const one = all[i];
      if (one === null || one === undefined || one.$className === undefined || !wanted.isInstance(one)) continue;
      liftOf(one, members);
    }
  }
}

function known(factory, classes) {
  for (const [name, members] of Object.entries(classes)) {
    try {
      factory.use(name);
    } catch (_) {
      continue; // another version of the platform, or a library that the app lacks
    }
    tried(name, () => lift(factory, name, members));
  }
}

export function prepare() {
  const factory = Java.classFactory;
  const look = (kind, checks) => (_, self, given) => handed(given, kind, checks);
  each(
    () => known(factory, PLATFORM),
    ...Object.entries(HANDED).map(([name, [members, kind, checks]]) => () =>
      watchAny(factory, name, members, "unpinning", look(kind, checks), { first: true })),
    () => proceed(factory, "android.webkit.WebViewClient"),
    () => watch(factory, "android.webkit.WebView", ["setWebViewClient"], "unpinning", (_, self, given) => {
      if (given[0] !== null) tried(given[0].$className, () => proceed(factoryOf(given[0]), given[0].$className));
    }, { first: true }),
  );
}

export function libraries(factory) {
  if (!config.specials.includes("unpinning")) return;
  known(factory, LIBRARIES);
  const builder = [["okhttp3.OkHttpClient$Builder", ["hostnameVerifier"], "javax.net.ssl.HostnameVerifier", NAME],
    ["okhttp3.OkHttpClient$Builder", ["sslSocketFactory"], "javax.net.ssl.X509TrustManager", TRUST]];
  for (const [name, members, kind, checks] of builder) {
    watchAny(factory, name, members, "unpinning", (_, self, given) => handed(given, kind, checks), { first: true });
  }
}
