import { Readable } from 'node:stream';
import { expect } from 'chai';
import { collect } from '../../../cmdapi/collect.js';
import { settle } from '../../fake-clock.js';

const forEver = new AbortController().signal;

function streamOf(...pieces: readonly string[]): Readable {
  return Readable.from(pieces.map((piece) => Buffer.from(piece)));
}

/** Never ends by itself. */
function open(): Readable {
  return new Readable({ read: () => {} });
}

async function outcome(work: Promise<Buffer | undefined>): Promise<string> {
  return work.then(
    (bytes) => (bytes === undefined ? 'too long' : `"${bytes.toString()}"`),
    (error: unknown) => String(error),
  );
}

describe('collecting a stream', () => {
  it('gives all bytes in order', async () => {
    expect(await outcome(collect(streamOf('ab', '', 'c'), 3, forEver))).to.equal('"abc"');
    expect(await outcome(collect(streamOf(), 3, forEver))).to.equal('""');
  });

  it('gives nothing of one that is longer than allowed, and reads it to its end', async () => {
    const stream = streamOf('ab', 'cd', 'ef');
    expect(await outcome(collect(stream, 3, forEver))).to.equal('too long');
    expect(stream.readableEnded).to.equal(true);
  });

  it('counts bytes, not characters', async () => {
    expect(await outcome(collect(streamOf('ü'), 1, forEver))).to.equal('too long');
    expect(await outcome(collect(streamOf('ü'), 2, forEver))).to.equal('"ü"');
  });

  it('fails with a stream that fails', async () => {
    const stream = open();
    const collected = outcome(collect(stream, 9, forEver));
    stream.push('ab');
    stream.destroy(new Error('reset'));
    expect(await collected).to.equal('Error: reset');
  });

  it('fails with a stream that is closed before its end', async () => {
    const stream = open();
    const collected = outcome(collect(stream, 9, forEver));
    stream.push('ab');
    stream.destroy();
    expect(await collected).to.equal('Error: it ended early');
  });

  it('fails with its signal, also with one that has aborted before', async () => {
    const limit = new AbortController();
    const collected = outcome(collect(open(), 9, limit.signal));
    limit.abort(new Error('too late'));
    expect(await collected).to.equal('Error: too late');
    expect(await outcome(collect(streamOf('a'), 9, limit.signal))).to.equal('Error: too late');
  });

  it('reads on and drops what comes after it has given up', async () => {
    const stream = open();
    const limit = new AbortController();
    const collected = outcome(collect(stream, 1_000, limit.signal));
    limit.abort(new Error('too late'));
    await collected;
    for (let turn = 0; turn < 100; turn += 1) stream.push(Buffer.alloc(100));
    await settle();
    expect(stream.readableLength).to.equal(0);
    stream.destroy();
  });
});
