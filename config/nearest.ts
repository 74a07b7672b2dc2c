/**
 * The known name most like `name`, or `undefined` when none is near: differing in at most a sixth of its characters
 * (and never less than two) or going on where `name` ends, without regard to case and to `_`, `.` and `-`.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = bare(name);
  let best: { readonly name: string; readonly distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(wanted, bare(candidate));
    if (best === undefined || distance < best.distance) best = { name: candidate, distance };
  }
  const allowed = Math.max(2, Math.floor(wanted.length / 6));
  if (best === undefined) return undefined;
  return best.distance <= allowed || bare(best.name).startsWith(wanted) ? best.name : undefined;
}

function bare(name: string): string {
  return name.slice(0, 100).toLowerCase().replace(/[_.-]/g, '');
}

/** Levenshtein's distance, one row of the table at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
