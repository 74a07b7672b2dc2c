import { expect } from 'chai';
import { DiscoveredNames } from '../../../apiserver/discovery.js';
import { metricId } from '../../../core/metric.js';
import { pendingRecord, TestRecords, validRecord } from './records.js';

describe('apiserver/discovery', () => {
  it('shows a placeholder until a metric is known, then names in lower case, sorted, once each, up to the bound', () => {
    const records = new TestRecords();
    const discovered = new DiscoveredNames({ records }, { maxListed: 3 });
    const stop = discovered.follow();
    expect(discovered.names).to.deep.equal(['externalmetrics']);
    for (const name of ['b', 'A', 'a', 'status', 'x/y', 'finalize', '..']) records.set(validRecord(name));
    records.set(pendingRecord('c'));
    records.set(pendingRecord('d'));
    expect(discovered.names).to.deep.equal(['a', 'b', 'c']);
    stop();
    expect(records.listeners).to.equal(0);
  });

  it('reads the records only after they changed, and keeps the document while the names stay', () => {
    const records = new TestRecords();
    const discovered = new DiscoveredNames({ records }, { maxListed: 500 });
    discovered.follow();
    records.set(validRecord('a'));
    const first = discovered.aggregated;
    expect(discovered.aggregated).to.equal(first);
    expect(records.lists).to.equal(1);
    records.set(validRecord('a', { value: 2 }));
    expect(discovered.aggregated).to.equal(first);
    expect(records.lists).to.equal(2);
    records.set(validRecord('b'));
    expect(discovered.aggregated.etag).to.not.equal(first.etag);
    records.delete(metricId({ namespace: 'shop', name: 'b', selector: [] }));
    expect(discovered.aggregated.etag).to.equal(first.etag);
    expect(first.etag).to.match(/^"[0-9A-F]{128}"$/);
  });
});
