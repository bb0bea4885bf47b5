// Arguments as short strings. Only the arguments that the catalogue names are read, never a result.

const LIMIT = 512;

function short(value) {
  const text = String(value);
  return text.length > LIMIT ? text.slice(0, LIMIT) : text;
}

export function text(value) {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return short(value);
  if (Array.isArray(value) || typeof value.length === "number") {
    const parts = [];
    for (let i = 0; i < value.length && i < 32; i++) parts.push(String(value[i]));
    return short(parts.join(" "));
  }
  const name = value.$className;
  if (name === "java.lang.ProcessBuilder") return short(value.command().toArray().join(" "));
  return short(value.toString());
}
