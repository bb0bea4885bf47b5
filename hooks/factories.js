// Which class factory finds a class, and which members can be hooked through it.

import Java from "./bridge.js";

export const hotspot = Process.findModuleByName("libjvm.so") !== null;

// The default factory where it knows the class; else one for the loader that does.
function factoryFor(name, loader) {
  try {
    Java.classFactory.use(name);
    return Java.classFactory;
  } catch (_) {
    return loader === null ? Java.classFactory : Java.ClassFactory.get(loader);
  }
}

// The factory that finds the class of an object. An interface's wrapper may lack what every object has.
export function factoryOf(object) {
  const loader = Java.cast(object, Java.use("java.lang.Object")).getClass().getClassLoader();
  return factoryFor(object.$className, loader);
}

// On HotSpot no class loader gives out classes of arrays: the bridge would fail on them, inside the app's call.
export function convertible(factory, overload) {
  if (!hotspot || factory === Java.classFactory) return true;
  return ![...overload.argumentTypes, overload.returnType].some((type) => /^\[+L/.test(type.className || ""));
}

// The factory for the app's own classes: it loads them and runs none of their code. On HotSpot the default
// one would run their static initialisers.
export function ownFactory() {
  return hotspot ? Java.ClassFactory.get(Java.use("java.lang.ClassLoader").getSystemClassLoader()) : Java.classFactory;
}
