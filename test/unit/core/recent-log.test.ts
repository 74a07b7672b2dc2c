import { expect } from 'chai';
import { createLogger, type LogLevel } from '../../../core/log.js';
import { RecentLog } from '../../../core/recent-log.js';
import { createScrub } from '../../../core/scrub.js';

const secret = 'planted-secret-value';

function scene(level: LogLevel = 'debug', max?: number) {
  const recent = new RecentLog(max === undefined ? {} : { max });
  return { recent, log: createLogger(level, createScrub([secret]), recent) };
}

describe('the memory of the log', () => {
  it('keeps warnings and errors, with what stood beside them, and nothing else', () => {
    const { recent, log } = scene();
    log.debug({}, 'one');
    log.info({ level: 'warn' }, 'two');
    log.warn({ code: 'kube.denied' }, 'three');
    log.error({}, 'four');
    expect(recent.list().map(({ level, message, fields }) => ({ level, message, fields }))).to.deep.equal([
      { level: 'warn', message: 'three', fields: '{"code":"kube.denied"}' },
      { level: 'error', message: 'four', fields: '' },
    ]);
    expect(recent.list()[0]?.time).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  });

  it('keeps the last ones only, and none whole that is long', () => {
    const { recent, log } = scene('debug', 3);
    for (let count = 1; count <= 10; count += 1)
      log.warn({ long: 'x'.repeat(9_000) }, `${count}`.repeat(600));
    expect(recent.list().map(({ message }) => message[0])).to.deep.equal(['8', '9', '1']);
    expect(JSON.stringify(recent.list()).length).to.be.below(3 * 1_700);
  });

  it('knows no secret', () => {
    const { recent, log } = scene();
    log.error({ url: `https://host/?token=${secret}`, key: '0123456789abcdef0123456789abcdef' }, secret);
    const text = JSON.stringify(recent.list());
    expect(text).to.contain('****').and.not.contain(secret);
    expect(text).to.not.contain('0123456789abcdef0123456789abcdef');
  });

  it('passes over what is no line of the log', () => {
    const recent = new RecentLog();
    for (const line of ['', 'text', '{"level":"warn"', '{"level":"warnings"}', '{"level":"error" "time"'])
      recent.write(line);
    expect(recent.list()).to.deep.equal([]);
  });
});
