import type { Readable } from 'node:stream';

/**
 * All bytes of a stream, or `undefined` when there are more than `maxBytes`. What is beyond is read and dropped, for a
 * stream that is cut takes its connection along, and with it the answer that says why. Rejects when the stream fails or
 * ends early, and when `signal` aborts.
 */
export function collect(
  stream: Readable,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    const giveUp = (): void => reject(signal.reason);
    const settle = (then: () => void) => (): void => {
      signal.removeEventListener('abort', giveUp);
      then();
    };
    if (signal.aborted) return giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxBytes) chunks.push(chunk);
      else chunks = [];
    });
    stream.once(
      'end',
      settle(() => resolve(bytes <= maxBytes ? Buffer.concat(chunks) : undefined)),
    );
    stream.once('error', (error) => settle(() => reject(error))());
    stream.once(
      'close',
      settle(() => reject(new Error('it ended early'))),
    );
  });
}
