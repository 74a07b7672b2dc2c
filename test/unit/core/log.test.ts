import { expect } from 'chai';
import fc from 'fast-check';
import { Fault } from '../../../core/fault.js';
import { createLogger, type LogLevel, logLevels, silentLog } from '../../../core/log.js';
import { createScrub } from '../../../core/scrub.js';

const apiKey = '0123456789abcdef0123456789abcdef';
const appKey = '0123456789abcdef0123456789abcdef01234567';
const token = 'Zx9'.repeat(11);

function scene(level: LogLevel, secrets: readonly (string | undefined)[] = []) {
  const lines: string[] = [];
  const log = createLogger(level, createScrub(secrets), { write: (line) => lines.push(line) });
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('the log', () => {
  it('writes one JSON line with time, level, fields and the sentence', () => {
    const { log, lines, parsed } = scene('info');
    log.info({ metric: 'orders', count: 3 }, 'refreshed');
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/^\{.*\}\n$/);
    expect(parsed()[0]).to.include({ level: 'info', metric: 'orders', count: 3, msg: 'refreshed' });
    expect(parsed()[0]?.['time']).to.match(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(parsed()[0]).to.not.have.any.keys('pid', 'hostname');
  });

  const heard: Readonly<Record<LogLevel, readonly string[]>> = {
    trace: ['debug', 'info', 'warn', 'error'],
    debug: ['debug', 'info', 'warn', 'error'],
    info: ['info', 'warn', 'error'],
    warn: ['warn', 'error'],
    error: ['error'],
    critical: [],
    off: [],
  };
  for (const level of logLevels) {
    it(`at ${level} lets ${heard[level].join(', ') || 'nothing'} through`, () => {
      const { log, parsed } = scene(level);
      log.debug({}, 'd');
      log.info({}, 'i');
      log.warn({}, 'w');
      log.error({}, 'e');
      expect(parsed().map((line) => line['level'])).to.deep.equal(heard[level]);
    });
  }

  it('adds the fields of a child to each of its lines', () => {
    const { log, parsed } = scene('info');
    log.child({ component: 'refresher' }).child({ round: 1 }).warn({ code: 'x' }, 'late');
    expect(parsed()[0]).to.include({ component: 'refresher', round: 1, code: 'x', msg: 'late' });
  });

  it('shows an error with its stack and cause', () => {
    const { log, lines } = scene('error');
    log.error({ err: new Fault('kube.gone', 'compacted', { cause: new Error('etcd') }) }, 'failed');
    expect(lines[0]).to.contain('compacted').and.contain('etcd').and.contain('log.test');
  });

  it('lets no secret out, in whatever part of a line it stands', () => {
    const { log, lines } = scene('debug', [apiKey, appKey, token]);
    log.info({ [token]: 1 }, 'as a field name');
    log.info({ key: apiKey, deep: { list: [appKey] } }, 'as a value');
    log.warn({}, `in the sentence: ${appKey}`);
    log.error(
      { err: new Error(`GET https://api/?api_key=${apiKey}`, { cause: new Error(token) }) },
      'in an error',
    );
    log
      .child({ authorization: `Bearer ${token}` })
      .debug({ url: new URL(`https://user:${token}@proxy/`).href }, 'in a child');
    log.info({ text: `quoted "${token}"\n` }, 'escaped');
    expect(lines).to.have.length(6);
    for (const secret of [apiKey, appKey, token])
      for (const line of lines) expect(line).to.not.contain(secret);
    for (const line of lines) expect(() => JSON.parse(line) as unknown, line).to.not.throw();
  });

  it('lets no secret out for any secret and any place, and stays JSON', () => {
    const visible = [
      ...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&()+,-./:;<=>?@[]^_`{|}~',
    ];
    const secret = fc.string({ minLength: 8, maxLength: 40, unit: fc.constantFrom(...visible) });
    const around = fc.string({ maxLength: 10 });
    fc.assert(
      fc.property(secret, around, around, (one, before, after) => {
        const { log, parsed } = scene('info', [one]);
        const text = before + one + after;
        log.info({ text, nested: { list: [text] }, err: new Error(text) }, text);
        for (const value of texts(parsed()[0])) expect(value).to.not.contain(one);
      }),
      { numRuns: 300 },
    );
  });

  function texts(value: unknown): string[] {
    if (typeof value === 'string') return [value];
    return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [];
  }

  it('can be silent', () => {
    expect(silentLog.child({ a: 1 })).to.equal(silentLog);
    expect(silentLog.error({}, 'nothing')).to.equal(undefined);
  });
});
