// Does an argument name something that matters? The tables come from the API catalogue; the host looks the
// word up again and decides what it means.

import { config } from "./state.js";

const matchers = new Map();

function escaped(word) {
  return word.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
}

// A function from an argument to the word it matches; null where none does.
function matcher(table) {
  const words = new Set(table.words);
  if (table.match === "exact") return (text) => (words.has(text.trim()) ? text.trim() : null);
  if (table.match === "prefix") return (text) => longest(table.words, (word) => text.startsWith(word));
  if (table.match === "contains") return (text) => longest(table.words, (word) => text.includes(word));
  const pattern = (word) => escaped(word).replace(/\*/g, "[^\\s]*");
  const any = new RegExp("^(?:" + table.words.map(pattern).join("|") + ")$");
  return (text) => (any.test(text.trim())
    ? longest(table.words, (word) => new RegExp("^" + pattern(word) + "$").test(text.trim())) : null);
}

function longest(words, fits) {
  let best = null;
  for (const word of words) if ((best === null || word.length > best.length) && fits(word)) best = word;
  return best;
}

// The empty word where the table has none of its own: any value counts.
export function find(name, text) {
  const table = config.tables[name];
  if (table === undefined) return "";
  let search = matchers.get(name);
  if (search === undefined) matchers.set(name, (search = matcher(table)));
  return search(text);
}

// Permissions that guard what a word names.
export function guards(name, word) {
  const table = config.tables[name];
  return (table && table.permissions[word]) || [];
}
