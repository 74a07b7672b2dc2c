import { expect } from 'chai';
import { findingsOf, findingsReport, findingsText, isSound } from '../../../cli/check/finding.js';
import { providerOf, remedyOfTrouble } from '../../../cli/check/provider.js';
import { noPaint } from '../../../cmdapi/status/layout.js';
import { aggregatorWords } from '../../../kube/status.js';

const topic = findingsOf('Datadog');

describe('findings', () => {
  const findings = [topic.ok('all well'), topic.failed('a key is refused', 'check DD_API_KEY')];

  it('are told with their remedies, under their topic, and counted', () => {
    expect(findingsText(findings, noPaint)).to.equal(
      'Datadog\n  ok       all well\n  failed   a key is refused\n           what to do: check DD_API_KEY\n\n' +
        '1 ok, 0 warning, 1 failed, 0 skipped\n',
    );
  });

  it('are sound unless one has failed', () => {
    expect(isSound(findings)).to.equal(false);
    expect(isSound([topic.ok('a'), topic.warning('b', 'c'), topic.skipped('d', 'e')])).to.equal(true);
    expect(findingsReport(findings)).to.deep.equal({ ok: false, findings });
  });

  it('never reach a terminal with control characters, nor in lines over 100 columns', () => {
    const text = findingsText([topic.failed(`\u001b[31m${'word '.repeat(60)}`, 'x')], noPaint);
    expect(text).to.not.contain('\u001b');
    expect(Math.max(...text.split('\n').map((line) => line.length))).to.be.at.most(100);
  });
});

describe('the owner of external metrics', () => {
  for (const [service, name] of [
    ['keda/keda-operator-metrics-apiserver', 'KEDA'],
    ['monitoring/prometheus-adapter', 'prometheus-adapter'],
    ['custom-metrics/custom-metrics-stackdriver-adapter', "Google's Stackdriver adapter"],
    [
      'default/datadog-custom-metrics-server',
      "Datadog's own Cluster Agent, or another installation of this one",
    ],
    [
      'dd/datadog-cluster-agent-metrics-api',
      "Datadog's own Cluster Agent, or another installation of this one",
    ],
    ['a/b', undefined],
  ] as const)
    it(`of ${service} is ${name ?? 'not guessed'}`, () => expect(providerOf(service)).to.equal(name));
});

describe('an error text of the API server', () => {
  for (const [text, remedy] of [
    ['MissingEndpoints endpoints for service/x in "y" have no addresses', /no replica is ready/],
    [
      'FailedDiscoveryCheck failing or missing response: tls: failed to verify certificate: x509: unknown authority',
      /does not trust the certificate/,
    ],
    ['x509: certificate has expired or is not yet valid', /has run out/],
    ['dial tcp 10.0.0.1:8443: connect: connection refused', /nothing listens/],
    ['context deadline exceeded', /open the port from the control plane/],
    ['GET /apis/external.metrics.k8s.io/v1beta1: HTTP 403: forbidden', /system:auth-delegator/],
    ['something new', /kubectl describe apiservice/],
  ] as const)
    it(`is explained: ${text.slice(0, 60)}`, () => expect(remedyOfTrouble(text)).to.match(remedy));

  it('is taken from plain text only where the API server wrote it', () => {
    expect(aggregatorWords('error trying to reach service: x509: a\nb\n')).to.deep.equal({
      message: 'error trying to reach service: x509: a b',
    });
    expect(aggregatorWords('<html>Sign in</html>')).to.equal(undefined);
  });
});
