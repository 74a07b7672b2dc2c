import { expect } from 'chai';
import { createAuthority, issueLeaf, newMaterial } from '../../../certs/authority.js';
import { checkCertificate } from '../../../cli/check/certificate.js';
import { loadConfig } from '../../../config/load.js';
import { ok } from '../../../core/result.js';
import { FakeClock } from '../../fake-clock.js';
import { fakeApi } from '../kube/fake-api.js';

const dayMs = 86_400_000;
const nowMs = Date.UTC(2026, 0, 1);
const days = (from: number, until: number) => ({
  notBeforeMs: nowMs + from * dayMs,
  notAfterMs: nowMs + until * dayMs,
});
const { signal } = new AbortController();

/** The verdict and message on a leaf with this life, by an authority with that one. */
async function judged(leafLife: readonly [number, number], authorityLife: readonly [number, number]) {
  const loaded = loadConfig({ environment: { DD_KUBE_RESOURCES_NAMESPACE: 'datadog' }, flags: {} });
  if (!loaded.ok) throw new Error('wrong settings');
  const authority = createAuthority(days(...authorityLife), newMaterial());
  const leaf = issueLeaf(authority, { names: ['a.b.svc'], validity: days(...leafLife) }, newMaterial());
  const encoded = (pem: string): string => Buffer.from(pem).toString('base64');
  const client = fakeApi(() => ok({ data: { 'tls.crt': encoded(leaf.certPem) } }));
  const findings = await checkCertificate(
    { client, clock: new FakeClock(nowMs) },
    { config: loaded.value, registration: { spec: { caBundle: encoded(authority.certPem) } } },
    signal,
  );
  return findings.map(({ verdict, message }) => `${verdict} ${message}`);
}

describe('the certificate of an installation', () => {
  const secret = 'that of the Secret datadog/datadog-custom-metrics-server-cert';
  const trusted = 'ok the caBundle of the APIService holds the authority that signed it';

  it('is well while it and its authority hold', async () => {
    expect(await judged([-1, 60], [-1, 900])).to.deep.equal([
      `ok ${secret} holds for 60 days, until 2026-03-02`,
      trusted,
    ]);
  });

  it('is doubtful shortly before its end, and has failed after it', async () => {
    expect(await judged([-90, 3], [-90, 900])).to.deep.equal([
      `warning ${secret} holds for 3 days, until 2026-01-04`,
      trusted,
    ]);
    expect(await judged([-90, -1], [-90, 900])).to.deep.equal([
      `failed ${secret} has run out on 2025-12-31`,
      trusted,
    ]);
  });

  it('has failed when the authority in the caBundle has run out', async () => {
    expect((await judged([-90, 60], [-90, -1]))[1]).to.equal(
      'failed the authority in the caBundle of the APIService has run out',
    );
  });
});
