/** `3 d 4 h`, `12 min 5 s`, `4.2 s`, `40 ms`: the two largest units, for people. */
export function duration(seconds: number): string {
  const length = Math.abs(seconds);
  const whole = Math.round(length);
  const sign = seconds < 0 ? '-' : '';
  if (length > 0 && length < 0.9995) return `${sign}${Math.round(length * 1000)} ms`;
  if (length < 9.95) return `${sign}${Number(length.toFixed(1))} s`;
  const [days, hours, minutes] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3_600) % 24,
    Math.floor(whole / 60) % 60,
  ];
  if (days > 0) return `${sign}${days} d ${hours} h`;
  if (hours > 0) return `${sign}${hours} h ${minutes} min`;
  return minutes > 0 ? `${sign}${minutes} min ${whole % 60} s` : `${sign}${whole} s`;
}

/** `1.2 kB`, `3.4 MB`. */
export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** `2026-11-29T21:00:00Z (12 s ago)`; `never` for none. */
export function since(instant: string | null, nowMs: number): string {
  if (instant === null) return 'never';
  const atMs = Date.parse(instant);
  if (Number.isNaN(atMs)) return instant;
  const agoSeconds = (nowMs - atMs) / 1000;
  const distance = agoSeconds < 0 ? `in ${duration(-agoSeconds)}` : `${duration(agoSeconds)} ago`;
  return `${toIso(atMs)} (${distance})`;
}

/** Whole seconds. */
export function toIso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}
