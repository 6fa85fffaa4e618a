type Json = Record<string, unknown>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a value is nested no deeper than so many levels. What is deeper would end the stack of whoever recurses. */
export function nestedWithin(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => nestedWithin(member, levels - 1));
}

/** JSON merge patch (RFC 7396): members replace, objects merge, null removes. Changes neither argument. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Json = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    // Assigned, a member named __proto__ would replace what the object inherits from.
    else if (key === '__proto__') Object.defineProperty(merged, key, { value, enumerable: true });
    else merged[key] = mergePatch(merged[key], value);
  }
  return merged;
}
