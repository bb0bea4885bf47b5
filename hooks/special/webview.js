// Web views: objects of the app that pages may call, addresses that are loaded.

import { note, room, stackId } from "../events.js";
import { watch, watchAny } from "../members.js";
import * as stacks from "../stacks.js";

const LIBRARIES = ["com.tencent.smtt.sdk.WebView", "com.uc.webview.export.WebView"];
const MEMBERS = ["addJavascriptInterface", "loadUrl", "postUrl", "loadDataWithBaseURL",
  "setWebContentsDebuggingEnabled"];

// An address without what may be a secret in it.
function address(text) {
  return text === null ? "" : String(text).split(/[?#]/)[0].slice(0, 255);
}

function seen(member, _, given) {
  if (member === "setWebContentsDebuggingEnabled" && given[0] !== true) return;
  if (!room("webview")) return;
  const bridge = member === "addJavascriptInterface";
  const object = bridge && given[0] !== null ? String(given[0].$className) : "";
  const url = ["loadUrl", "postUrl", "loadDataWithBaseURL"].includes(member) ? address(given[0]) : "";
  note("webview", { what: member, class: object.slice(0, 255), name: bridge ? String(given[1]).slice(0, 255) : "", url,
    thread: Process.getCurrentThreadId(), stack: stackId(stacks.text()) });
}

export function prepare(Java) {
  watch(Java.classFactory, "android.webkit.WebView", MEMBERS, "webview", seen);
}

export function libraries(factory) {
  for (const name of LIBRARIES) watchAny(factory, name, MEMBERS, "webview", seen);
}
