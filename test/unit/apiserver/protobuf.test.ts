import { expect } from 'chai';
import { bytesField, integerField, messageField, textField } from '../../../apiserver/protobuf.js';

describe('apiserver/protobuf', () => {
  it('writes fields as the wire format has them', () => {
    expect(textField(2, 'testing').toString('hex')).to.equal('120774657374696e67');
    expect(integerField(1, 150).toString('hex')).to.equal('089601');
    expect(messageField(3, integerField(1, 150)).toString('hex')).to.equal('1a03089601');
    expect(bytesField(16, Buffer.from([1])).toString('hex')).to.equal('82010101');
    expect(integerField(1, Number.MAX_SAFE_INTEGER).toString('hex')).to.equal('08ffffffffffffff0f');
  });

  it('leaves out what is absent, but not what is empty', () => {
    expect(textField(1, undefined).length).to.equal(0);
    expect(integerField(1, undefined).length).to.equal(0);
    expect(textField(1, '').toString('hex')).to.equal('0a00');
    expect(integerField(1, 0).toString('hex')).to.equal('0800');
  });

  it('refuses numbers that it cannot write', () => {
    for (const value of [-1, 1.5, Number.NaN, 2 ** 53])
      expect(() => integerField(1, value)).to.throw(RangeError);
  });
});
