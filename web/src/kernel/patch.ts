/**
 * JMAP patch objects (RFC 8620 §5.3) as pure functions: apply, invert, join. A patch is a map from a JSON
 * pointer without its leading slash to the new value; null removes.
 */

export type Patch = Record<string, unknown>;
export type Fields = Record<string, unknown>;

/** `~` and `/` in a name, escaped for a pointer (RFC 6901 §3). */
export function escapeName(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function names(path: string): string[] {
  return path.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** A new record with the patch applied; parts the patch does not touch are the same objects as before. */
export function applyPatch<T extends object>(record: T, patch: Patch): T {
  let result: Fields = { ...(record as Fields) };
  for (const [path, value] of Object.entries(patch)) result = put(result, names(path), value);
  return result as T;
}

/** Members of sets and maps (keywords, shareWith) vanish when set to null; properties of the record stay, as null. */
function put(node: Fields, path: string[], value: unknown, inside = false): Fields {
  const [first = '', ...rest] = path;
  const copy = { ...node };
  if (rest.length) {
    const inner = copy[first];
    copy[first] = put(inner && typeof inner === 'object' ? (inner as Fields) : {}, rest, value, true);
  } else if (value === null && (inside || !(first in node))) delete copy[first];
  else copy[first] = value;
  return copy;
}

/** The patch that undoes `patch` on `record` as it is now. */
export function invertPatch(record: object, patch: Patch): Patch {
  const inverse: Patch = {};
  for (const path of Object.keys(patch)) {
    let node: unknown = record;
    for (const name of names(path)) node = node && typeof node === 'object' ? (node as Fields)[name] : undefined;
    inverse[path] = node === undefined ? null : node;
  }
  return inverse;
}

/** One patch that does what all do in their order. */
export function joinPatches(patches: Patch[]): Patch {
  const joined: Patch = {};
  for (const patch of patches) {
    for (const [path, value] of Object.entries(patch)) {
      for (const known of Object.keys(joined)) if (known.startsWith(`${path}/`)) delete joined[known];
      const whole = Object.keys(joined).find((known) => path.startsWith(`${known}/`));
      if (whole) joined[whole] = put((joined[whole] ?? {}) as Fields, names(path.slice(whole.length + 1)), value, true);
      else joined[path] = value;
    }
  }
  return joined;
}
