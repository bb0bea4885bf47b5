// Transactions with services whose interface tells what they hand out, called without the framework's class:
// SDKs copy the stub under names of their own, the interface token stays. `row`: the catalogue's transact.

import { outerOf, quietly } from "../calls.js";
import { emit } from "../events.js";
import { config } from "../state.js";
import { take } from "../stacks.js";
import { find } from "../words.js";

const tokens = new Map(); // thread → the token it wrote last, where it is one of the catalogue's
const SIGNATURE = "(ILandroid/os/Parcel;Landroid/os/Parcel;I)Z";

function told(row, token, code, thread, result, error) {
  emit({
    row: row.id, sig: SIGNATURE, args: "0=" + code + "\u0002" + "1=" + token,
    result: error ? "exception" : result === false ? "null" : "value", error: error ? "android.os.RemoteException" : "",
    outer: -1, permissions: "", thread, stack: take(row.id, thread),
  });
}

export function prepare(Java) {
  const row = config.rows.find((r) => r.class === "android.os.BinderProxy" && r.member === "transact");
  if (row === undefined) return;
  const write = Java.use("android.os.Parcel").writeInterfaceToken;
  for (const overload of write.overloads) {
    overload.implementation = function (...given) {
      const thread = Process.getCurrentThreadId();
      if (find("descriptor", String(given[0])) !== null) tokens.set(thread, String(given[0]));
      else if (tokens.size > 0) tokens.delete(thread);
      return overload.apply(this, given);
    };
  }
  for (const overload of Java.use("android.os.BinderProxy").transact.overloads) {
    overload.implementation = function (...given) {
      const thread = Process.getCurrentThreadId();
      const token = tokens.get(thread);
      if (token === undefined) return overload.apply(this, given);
      tokens.delete(thread);
      const outer = outerOf(thread);
      let result;
      let error = null;
      try {
        return (result = overload.apply(this, given));
      } catch (thrown) {
        error = thrown;
        throw thrown;
      } finally {
        // A hooked member of the framework that is on the stack has been told already.
        if (outer === undefined || (outer !== -1 && outer.role === "callback")) {
          quietly("binder", () => told(row, token, given[0], thread, result, error));
        }
      }
    };
  }
}
