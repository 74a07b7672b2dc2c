import { expect } from 'chai';
import { RenderedValues } from '../../../apiserver/rendered-values.js';
import { validRecord } from './records.js';

describe('apiserver/rendered-values', () => {
  it('writes a record once per form, and another record anew', () => {
    const values = new RenderedValues();
    const record = validRecord('queue', { value: 2 });
    const json = values.of(record, 'json');
    expect(values.of(record, 'json')).to.equal(json);
    expect(values.of(record, 'protobuf')).to.not.equal(json);
    expect(json.headers['content-length']).to.equal(json.body.length);
    expect(values.of({ ...record }, 'json')).to.not.equal(json);
  });
});
