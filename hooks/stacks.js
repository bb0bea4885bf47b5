// The Java stack of the thread that calls: one crossing into Java for all frames. A member that a thread
// calls often gets a stack for the first calls of each second, then for one call in `sampleEvery`.

import Java from "./bridge.js";
import { config } from "./state.js";
import { stackId } from "./events.js";

let made = null; // a function from an environment to the frames as one text

// By JNI itself: wrappers of each frame would cost more than the frames.
export function prepare() {
  const env = Java.vm.getEnv();
  const global = (name) => env.newGlobalRef(env.findClass(name));
  const [throwable, arrays] = [global("java/lang/Throwable"), global("java/util/Arrays")];
  const [create, own, shared] = [env.constructor([]), env.vaMethod("pointer", []), env.staticVaMethod("pointer", ["pointer"])];
  const init = env.getMethodId(throwable, "<init>", "()V");
  const frames = env.getMethodId(throwable, "getStackTrace", "()[Ljava/lang/StackTraceElement;");
  const join = env.getStaticMethodId(arrays, "toString", "([Ljava/lang/Object;)Ljava/lang/String;");
  made = (now) => {
    const thrown = create(now.handle, throwable, init);
    const trace = own(now.handle, thrown, frames);
    const text = shared(now.handle, arrays, join, trace);
    now.throwIfExceptionPending();
    return now.stringFromJni(text);
  };
}

const MAX_BUDGETS = 10000;
const budgets = new Map();

function granted(row, thread) {
  const second = Math.floor(Date.now() / 1000);
  const key = row + "/" + thread;
  let budget = budgets.get(key);
  if (budget === undefined || budget.second !== second) {
    if (budgets.size > MAX_BUDGETS) budgets.clear();
    budgets.set(key, (budget = { second, taken: 0, over: 0 }));
  }
  if (budget.taken < config.stacksPerSecond) {
    budget.taken++;
    return true;
  }
  return budget.over++ % config.sampleEvery === 0;
}

export function text() {
  const env = Java.vm.getEnv();
  env.pushLocalFrame(8);
  let frames;
  try {
    frames = made(env);
  } finally {
    env.popLocalFrame(NULL);
  }
  let end = 0;
  for (let depth = 0; depth < config.stackDepth; depth++) {
    const next = frames.indexOf(", ", end);
    if (next === -1) return frames.slice(1, -1);
    end = next + 2;
  }
  return frames.slice(1, end - 2);
}

// 0: no stack was taken for this call. `above`: a frame to put over those of Java, `java`: whether there are any.
export function take(row, thread, above = "", java = true) {
  if (!granted(row, thread)) return 0;
  const frames = java ? text() : "";
  return stackId(above + (above !== "" && frames !== "" ? ", " : "") + frames);
}
