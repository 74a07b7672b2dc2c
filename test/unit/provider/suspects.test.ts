import { expect } from 'chai';
import { Fault } from '../../../core/fault.js';
import type { DatadogQuery } from '../../../provider/query.js';
import { Suspects } from '../../../provider/suspects.js';

const fault = new Fault('datadog.rejected', 'no');
const bad = 'bad' as DatadogQuery;
const other = 'other' as DatadogQuery;
const minutes = (count: number): number => count * 60_000;

describe('suspects', () => {
  it('are none at first: all queries are asked in company', () => {
    expect(new Suspects().standing(bad, 0)).to.equal('trusted');
  });

  it('wait after a refusal and are then asked alone, never in company', () => {
    const suspects = new Suspects();
    suspects.refused(bad, fault, { nowMs: 0, random: 0.999 });
    expect(suspects.standing(bad, 1)).to.equal('wait');
    expect(suspects.standing(bad, 14_999)).to.equal('wait');
    expect(suspects.standing(bad, 30_000)).to.equal('alone');
    expect(suspects.standing(other, 1)).to.equal('trusted');
  });

  it('wait ever longer, from half a minute to half an hour', () => {
    const suspects = new Suspects();
    const waits: number[] = [];
    let nowMs = 0;
    for (let refusal = 0; refusal < 9; refusal += 1) {
      suspects.refused(bad, fault, { nowMs: nowMs, random: 0.999_999_9 });
      let waitMs = 0;
      while (suspects.standing(bad, nowMs + waitMs) === 'wait') waitMs += 1_000;
      waits.push(waitMs);
      nowMs += waitMs;
    }
    expect(waits).to.deep.equal(
      [30, 60, 120, 240, 480, 960, 1_800, 1_800, 1_800].map((seconds) => seconds * 1_000),
    );
  });

  it('are trusted again once an answer came, and begin at half a minute when refused anew', () => {
    const suspects = new Suspects();
    for (let refusal = 0; refusal < 5; refusal += 1) suspects.refused(bad, fault, { nowMs: 0, random: 0.5 });
    suspects.cleared(bad);
    expect(suspects.standing(bad, 0)).to.equal('trusted');
    suspects.refused(bad, fault, { nowMs: 0, random: 0.999 });
    expect(suspects.standing(bad, 30_000)).to.equal('alone');
  });

  it('are forgotten when nobody asks for them', () => {
    const suspects = new Suspects();
    suspects.refused(bad, fault, { nowMs: 0, random: 0.5 });
    suspects.refused(other, fault, { nowMs: 0, random: 0.5 });
    suspects.keepOnly(new Set([other]));
    expect(suspects.standing(bad, 1)).to.equal('trusted');
    expect(suspects.standing(other, 1)).to.equal('wait');
  });

  it('are tried again within half an hour, however often they were refused', () => {
    const suspects = new Suspects();
    for (let refusal = 0; refusal < 1_000; refusal += 1)
      suspects.refused(bad, fault, { nowMs: 0, random: 0.999_999 });
    expect(suspects.standing(bad, minutes(30))).to.equal('alone');
  });
});
