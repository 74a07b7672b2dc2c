import { readFileSync } from 'node:fs';

/**
 * Loaded into a replica before its bundle (`--import`): its wall clock is wrong by as many milliseconds as the file
 * named in SHIFTED_CLOCK says, read anew at each SIGUSR2. Monotonic time and timers go on as they were, as when an
 * administrator sets a clock; but TLS goes by the machine's own clock.
 */
const file = process.env['SHIFTED_CLOCK'] ?? '';
const RealDate = Date;
let offsetMs = Number(readFileSync(file, 'utf8'));

process.on('SIGUSR2', () => {
  offsetMs = Number(readFileSync(file, 'utf8'));
});

globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(RealDate.now() + offsetMs).toString(),
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [RealDate.now() + offsetMs] : args, newTarget),
  get: (target, property) =>
    property === 'now' ? () => RealDate.now() + offsetMs : Reflect.get(target, property),
});
