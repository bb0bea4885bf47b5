// The Java stack of the thread that calls: one crossing into Java for all frames. A member that a thread
// calls often gets a stack for the first calls of each second, then for one call in `sampleEvery`.

import { config } from "./state.js";
import { stackId } from "./events.js";

let Throwable = null;
let Arrays = null;
let join = null;

export function prepare(Java) {
  Throwable = Java.use("java.lang.Throwable");
  Arrays = Java.use("java.util.Arrays");
  join = Arrays.toString.overload("[Ljava.lang.Object;");
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
  const frames = join.call(Arrays, Throwable.$new().getStackTrace());
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
