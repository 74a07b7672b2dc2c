import { expect } from 'chai';
import { defaultLimits } from '../../../http/limits.js';
import { careOf, type SessionView } from '../../../http/session-care.js';

const nowMs = 1_000_000;

function care(view: Partial<SessionView>): string {
  const young: SessionView = {
    openStreams: 0,
    idleSinceMs: nowMs,
    heardAtMs: nowMs,
    pingedAtMs: undefined,
    closedAtMs: undefined,
  };
  return careOf({ ...young, ...view }, nowMs, defaultLimits);
}

describe('careOf an HTTP/2 session', () => {
  it('leaves one alone that was heard of lately', () => {
    expect(care({})).to.equal('leave');
    expect(care({ heardAtMs: nowMs - 29_999, idleSinceMs: nowMs - 29_999 })).to.equal('leave');
  });

  it('pings one that was silent for 30 s, in the middle of a request too, and once at a time', () => {
    expect(care({ heardAtMs: nowMs - 30_000 })).to.equal('ping');
    expect(care({ heardAtMs: nowMs - 30_000, openStreams: 3 })).to.equal('ping');
    expect(care({ heardAtMs: nowMs - 30_000, pingedAtMs: nowMs - 1 })).to.equal('leave');
  });

  it('drops one that left a ping unanswered for 15 s', () => {
    expect(care({ heardAtMs: nowMs - 45_000, pingedAtMs: nowMs - 14_999 })).to.equal('leave');
    expect(care({ heardAtMs: nowMs - 45_000, pingedAtMs: nowMs - 15_000, openStreams: 3 })).to.equal('drop');
  });

  it('closes one that asked nothing for 90 s although it answers pings', () => {
    expect(care({ idleSinceMs: nowMs - 89_999 })).to.equal('leave');
    expect(care({ idleSinceMs: nowMs - 90_000 })).to.equal('close');
  });

  it('never closes one in the middle of a request', () => {
    expect(care({ openStreams: 1, idleSinceMs: nowMs - 900_000 })).to.equal('leave');
  });

  it('drops one that is still there a while after it was closed', () => {
    const idle = { heardAtMs: nowMs, idleSinceMs: nowMs - 120_000 };
    expect(care({ ...idle, closedAtMs: nowMs - 14_999 })).to.equal('close');
    expect(care({ ...idle, closedAtMs: nowMs - 15_000 })).to.equal('drop');
    expect(care({ ...idle, closedAtMs: nowMs - 15_000, openStreams: 1 })).to.equal('leave');
  });
});
