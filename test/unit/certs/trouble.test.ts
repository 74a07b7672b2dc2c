import { expect } from 'chai';
import { Trouble } from '../../../certs/trouble.js';
import { recordingLog } from './samples.js';

describe('Trouble', () => {
  it('is logged when it begins, changes and ends, and not while it lasts', () => {
    const { log, lines } = recordingLog();
    const trouble = new Trouble({ log }, { recovery: 'all is well' });
    trouble.gone();
    for (const text of ['a', 'a', 'b', 'b', 'b']) trouble.met(text);
    expect(trouble.text).to.equal('b');
    trouble.gone();
    trouble.gone();
    expect(trouble.text).to.equal(undefined);
    expect(lines.map((line) => JSON.parse(line).msg)).to.deep.equal(['a', 'b', 'all is well']);
  });
});
