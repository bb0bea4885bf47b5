// What every module shares: the host's configuration and what is known of the app right now.

export const config = {
  token: "", // names this session; messages without it are not ours
  rows: [], // the API catalogue, one row a member
  readers: [], // methods of the app that read constants: {id: row, class, member, sig}
  fields: [], // constants that are read by name: {id: row, class, member}
  tables: {}, // words that arguments are looked up in
  stacksPerSecond: 400, // stacks taken a second, row and thread; above it every `sampleEvery`th call has one
  sampleEvery: 64,
  stackDepth: 48, // frames kept
  skip: [], // class name prefixes that this runtime needs for itself
};

export const now = { epoch: 0, screen: "", resumed: 0 };

export const faults = new Map(); // where our own code failed, and how often; the app never sees it

export function fault(where, error) {
  const key = where + ": " + String((error && error.message) || error).slice(0, 200);
  if (faults.size < 200 || faults.has(key)) faults.set(key, (faults.get(key) || 0) + 1);
}
