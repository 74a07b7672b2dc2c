/**
 * Whether two metric names are so alike that one may be a slip for the other: the same but for separators, or a few
 * keystrokes apart (one, and another for each five characters, up to three). Equal names are not near.
 */
export function isNear(a: string, b: string): boolean {
  const left = a.toLowerCase();
  const right = b.toLowerCase();
  if (left === right) return false;
  if (withoutSeparators(left) === withoutSeparators(right)) return true;
  const bound = Math.min(3, 1 + Math.floor(Math.min(left.length, right.length) / 5));
  return Math.min(left.length, right.length) > bound && distanceWithin(left, right, bound);
}

function withoutSeparators(name: string): string {
  return name.replace(/[-._/@:]/g, '');
}

/** Whether `bound` insertions, deletions and substitutions lead from one text to the other. */
function distanceWithin(a: string, b: string, bound: number): boolean {
  if (Math.abs(a.length - b.length) > bound) return false;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    if (Math.min(...next) > bound) return false;
    row = next;
  }
  return (row[b.length] ?? 0) <= bound;
}
