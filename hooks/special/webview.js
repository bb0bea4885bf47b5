// Web views: objects of the app that pages may call, addresses that are loaded, scripts that are run.

import { note, room, stackId } from "../events.js";
import { watch } from "../members.js";
import * as stacks from "../stacks.js";

const CLASSES = ["android.webkit.WebView"];
const LIBRARIES = ["com.tencent.smtt.sdk.WebView", "com.uc.webview.export.WebView"];
const MEMBERS = ["addJavascriptInterface", "loadUrl", "postUrl", "loadDataWithBaseURL", "evaluateJavascript",
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
  for (const name of CLASSES) watch(Java.classFactory, name, MEMBERS, "webview", seen);
}

export function libraries(factory) {
  for (const name of LIBRARIES) watch(factory, name, MEMBERS, "webview", seen);
}
