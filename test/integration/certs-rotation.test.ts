import { X509Certificate } from 'node:crypto';
import { expect } from 'chai';
import { newMaterial } from '../../certs/authority.js';
import { carryOut } from '../../certs/carry-out.js';
import { GeneratedSource } from '../../certs/generated-source.js';
import { decodeSecret, encodeSecret } from '../../certs/secret-codec.js';
import { systemClock } from '../../core/clock.js';
import { silentLog } from '../../core/log.js';
import type { RequestHandler } from '../../http/exchanges.js';
import { TlsListener } from '../../http/listener.js';
import { FakeClock } from '../fake-clock.js';
import { MemoryBundle, MemorySecret } from '../unit/certs/memory-boxes.js';
import {
  type Answer,
  getHttp1,
  getHttp2,
  getHttp2Once,
  keepAliveAgent,
  openHttp2,
  servername,
  type Target,
} from '../unit/http/https-clients.js';
import { pause, until } from '../unit/http/tls-scene.js';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const names = [servername, 'metrics'];
const rules = {
  leafLifeMs: 90 * dayMs,
  authorityLifeMs: 730 * dayMs,
  propagationMs: 10 * minuteMs,
  backdateMs: 5 * minuteMs,
};

const handler: RequestHandler = (_request, response) => {
  void pause(2).then(() => response.end('ok'));
};

/** What each test started and ends. */
const endings: (() => Promise<void>)[] = [];

/**
 * A listener on the real clock whose certificates come from a source that lives `behindMs` in the past: when its clock is
 * set right, what it made there is that old.
 */
async function scene(behindMs: number) {
  const clock = new FakeClock(systemClock.nowMs() - behindMs);
  const secret = new MemorySecret();
  const bundle = new MemoryBundle();
  const source = new GeneratedSource(
    { secret: secret.box(), bundle: bundle.sink(), clock, log: silentLog, random: () => 0.5 },
    { names, ...rules },
  );
  const listener = new TlsListener(
    { certificate: source, handler, clock: systemClock, log: silentLog },
    { name: 'test', host: '127.0.0.1', port: 0, drainMs: 2_000, lingerMs: 100 },
  );
  const stop = new AbortController();
  const ended = Promise.all([source.run(stop.signal), listener.run(stop.signal)]);
  await clock.advance(1_000);
  await until(() => listener.address() !== undefined);
  endings.push(async () => {
    stop.abort();
    await ended;
  });
  /** What a client knows when it opens a connection: as the aggregation layer, it reads the published bundle each time. */
  const target = (): Target => ({ port: listener.address()?.port ?? 0, ca: bundle.caPem });
  return { clock, secret, bundle, source, target };
}

/** What one kind of client saw. */
interface Tally {
  asked: number;
  readonly failures: string[];
  readonly serials: Set<string>;
}

/** Clients that ask without a pause, each in its own way, until told to stop. */
function load(target: () => Target) {
  const tallies: Record<string, Tally> = {};
  let isOver = false;
  const client = async (name: string, ask: () => Promise<Answer>): Promise<void> => {
    const tally: Tally = { asked: 0, failures: [], serials: new Set() };
    tallies[name] = tally;
    while (!isOver) {
      tally.asked += 1;
      try {
        const { status, body, serial } = await ask();
        if (`${status} ${body}` !== '200 ok') tally.failures.push(`${status} ${body}`);
        tally.serials.add(serial);
      } catch (error: unknown) {
        tally.failures.push(String(error));
        await pause(5);
      }
    }
  };
  const agent = keepAliveAgent();
  const session = openHttp2(target());
  const clients = [
    client('HTTP/1.1, kept alive', () => getHttp1(target(), agent)),
    client('HTTP/1.1, new connections', () => getHttp1(target())),
    client('HTTP/2, one connection', async () => getHttp2(await session)),
    client('HTTP/2, new connections', () => getHttp2Once(target())),
  ];
  const stop = async (): Promise<Readonly<Record<string, Tally>>> => {
    isOver = true;
    await Promise.all(clients);
    await session.then(
      (open) => open.close(),
      () => {},
    );
    agent.destroy();
    return tallies;
  };
  endings.push(async () => void (await stop()));
  /** Resolves when each client was answered `count` times more. */
  const goOn = async (count: number): Promise<void> => {
    const goals = Object.values(tallies).map((tally) => ({ tally, goal: tally.asked + count }));
    await until(() => goals.every(({ tally, goal }) => tally.asked >= goal));
  };
  return { goOn, stop };
}

/** No failure anywhere; clients with open connections keep their certificate, the others see every one. */
function expectNoFailure(tallies: Readonly<Record<string, Tally>>, serials: number): void {
  for (const [name, { asked, failures, serials: seen }] of Object.entries(tallies)) {
    expect(failures, name).to.deep.equal([]);
    expect(asked, name).to.be.greaterThan(60);
    expect(seen.size, name).to.equal(name.includes('new connections') ? serials : 1);
  }
}

describe('certificate rotation under load', function () {
  this.timeout(30_000);

  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end();
  });

  it('fails no request when the leaf is renewed at two thirds of its life', async () => {
    const { clock, source, target } = await scene(61 * dayMs);
    const before = source.current();
    const { goOn, stop } = load(target);
    await goOn(30);
    clock.stepWall(61 * dayMs);
    await clock.advance(minuteMs);
    expect(source.current()?.certPem).to.not.equal(before?.certPem);
    await goOn(30);
    expectNoFailure(await stop(), 2);
  });

  it('fails no request when another replica renews the leaf again and again', async () => {
    const { clock, secret, target } = await scene(0);
    const { goOn, stop } = load(target);
    for (let renewals = 0; renewals < 5; renewals += 1) {
      await goOn(12);
      const found = decodeSecret(secret.data);
      if (found.kind !== 'sound') throw new Error('no certificates are kept');
      const made = carryOut(
        { step: 'reissue', of: found.certificates, names, why: 'a test' },
        { nowMs: systemClock.nowMs(), names, rules, newMaterial },
      );
      secret.replace(encodeSecret(made));
      await clock.advance(1_000);
    }
    await goOn(12);
    expectNoFailure(await stop(), 6);
  });

  it('fails no request when the authority is changed', async () => {
    const { clock, bundle, source, target } = await scene(488 * dayMs + 20 * minuteMs);
    const first = new X509Certificate(bundle.caPem);
    clock.stepWall(488 * dayMs);
    await clock.advance(2 * minuteMs);
    const { goOn, stop } = load(target);
    await goOn(30);
    await clock.advance(12 * minuteMs);
    await goOn(30);
    const leaf = new X509Certificate(source.current()?.certPem ?? '');
    expect(leaf.checkIssued(first)).to.equal(false);
    expectNoFailure(await stop(), 2);
  });
});
