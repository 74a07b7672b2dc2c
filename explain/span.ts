/** A length of time as a person would say it: milliseconds below one second, then the largest unit of which there are two. */
export function span(ms: number): string {
  if (!Number.isFinite(ms)) return 'an unknown time';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 600) return `${seconds} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} days`;
}
