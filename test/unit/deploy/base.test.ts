import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { drainMs } from '../../../http/replica-process.js';
import { fieldAt, listAt, numberAt, objectAt, textAt } from '../../../simulator/cluster/object.js';
import { releaseMs } from '../../../wiring/leadership.js';
import { projectRoot } from '../../project-root.js';
import { container, deployment, documentsOf, manifestPaths, objectOf, podTemplate } from './manifests.js';
import { shippedConfig } from './shipped-config.js';

const name = 'datadog-cluster-agent';

describe('deploy/base', () => {
  it('replaces two replicas without a gap', () => {
    expect(fieldAt(deployment(), 'spec', 'replicas')).to.equal(2);
    expect(fieldAt(deployment(), 'spec', 'strategy', 'rollingUpdate')).to.deep.equal({
      maxSurge: 1,
      maxUnavailable: 0,
    });
    const budget = objectOf('base/poddisruptionbudget.yaml', 'PodDisruptionBudget', name);
    expect(fieldAt(budget, 'spec', 'maxUnavailable')).to.equal(1);
  });

  it('takes every right away from the container', () => {
    expect(fieldAt(podTemplate(), 'spec', 'securityContext')).to.deep.equal({
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(fieldAt(container(), 'securityContext')).to.deep.equal({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    for (const shared of ['hostNetwork', 'hostPID', 'hostIPC'])
      expect(fieldAt(podTemplate(), 'spec', shared)).to.equal(undefined);
  });

  it('lets it write to a little memory of the pod only, where the token of its commands is', () => {
    const writable = listAt(container(), 'volumeMounts').filter(
      (mount) => fieldAt(mount, 'readOnly') !== true,
    );
    expect(writable).to.deep.equal([
      { name: 'run', mountPath: dirname(shippedConfig().clusterAgent.localTokenPath) },
    ]);
    const volume = listAt(podTemplate(), 'spec', 'volumes').find((each) => textAt(each, 'name') === 'run');
    expect(volume).to.deep.equal({ name: 'run', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } });
  });

  it('gives a stop the time that it may take, and asks at shutdown for no hook', () => {
    const { shutdownDelaySeconds, drainSeconds } = shippedConfig().process;
    const grace = numberAt(podTemplate(), 'spec', 'terminationGracePeriodSeconds') ?? 0;
    const longest = shutdownDelaySeconds + drainSeconds + (releaseMs + drainMs) / 1000;
    expect(longest).to.equal(36);
    expect(grace).to.be.at.least(longest + 5);
    expect(fieldAt(container(), 'lifecycle')).to.equal(undefined);
  });

  it('bounds the heap below the memory limit', () => {
    const options = listAt(container(), 'env').find((entry) => textAt(entry, 'name') === 'NODE_OPTIONS');
    const heap = Number(/--max-old-space-size=(\d+)/.exec(textAt(options, 'value') ?? '')?.[1]);
    const limit = /^(\d+)Mi$/.exec(textAt(container(), 'resources', 'limits', 'memory') ?? '')?.[1];
    // Beside the heap: code, buffers, young objects; measured at about 100 MB.
    expect(heap + 128).to.be.at.most(Number(limit));
    expect(textAt(options, 'value')).to.contain('--max-semi-space-size=4 --v8-pool-size=0');
  });

  it('probes what the health port answers', () => {
    const paths = ['startupProbe', 'livenessProbe', 'readinessProbe'].map((probe) => [
      textAt(container(), probe, 'httpGet', 'path'),
      textAt(container(), probe, 'httpGet', 'port'),
    ]);
    expect(paths).to.deep.equal([
      ['/startup', 'health'],
      ['/live', 'health'],
      ['/ready', 'health'],
    ]);
  });

  it('names the ports that the settings open', () => {
    const ports = listAt(container(), 'ports').map((port): [string, number] => [
      textAt(port, 'name') ?? '',
      numberAt(port, 'containerPort') ?? 0,
    ]);
    const { externalMetrics, clusterAgent, process } = shippedConfig();
    expect(Object.fromEntries(ports)).to.deep.equal({
      metricsapi: externalMetrics.port,
      agentport: clusterAgent.commandPort,
      telemetry: process.telemetryPort,
      health: process.healthPort,
    });
    const annotations = objectAt(podTemplate(), 'metadata', 'annotations');
    expect(JSON.stringify(annotations)).to.include(`http://%%host%%:${process.telemetryPort}/metrics`);
  });

  it('selects its own pods everywhere, by labels that they have', () => {
    const labels = objectAt(podTemplate(), 'metadata', 'labels');
    const spread = listAt(podTemplate(), 'spec', 'topologySpreadConstraints');
    const selectors = [
      fieldAt(deployment(), 'spec', 'selector', 'matchLabels'),
      ...documentsOf('base/service.yaml').map((service) => fieldAt(service, 'spec', 'selector')),
      fieldAt(documentsOf('base/poddisruptionbudget.yaml')[0], 'spec', 'selector', 'matchLabels'),
      fieldAt(documentsOf('base/networkpolicy.yaml')[0], 'spec', 'podSelector', 'matchLabels'),
      ...listAt(documentsOf('base/networkpolicy.yaml')[0], 'spec', 'egress').flatMap((rule) =>
        listAt(rule, 'to').map((peer) => fieldAt(peer, 'podSelector', 'matchLabels')),
      ),
      ...spread.map((constraint) => fieldAt(constraint, 'labelSelector', 'matchLabels')),
    ];
    expect(selectors).to.have.length(8);
    // A Deployment's selector can never be changed: neither can this.
    for (const selector of selectors) expect(selector).to.deep.equal({ 'app.kubernetes.io/name': name });
    expect(labels).to.include({ 'app.kubernetes.io/name': name });
  });

  it('leads Services and policies to ports that the pod names', () => {
    const named = listAt(container(), 'ports').map((port) => textAt(port, 'name'));
    const services = documentsOf('base/service.yaml');
    expect(
      services.map((service) => [
        textAt(service, 'metadata', 'name'),
        fieldAt(service, 'spec', 'ports', 0, 'port'),
        fieldAt(service, 'spec', 'ports', 0, 'targetPort'),
      ]),
    ).to.deep.equal([
      ['datadog-cluster-agent', 5005, 'agentport'],
      ['datadog-custom-metrics-server', 443, 'metricsapi'],
    ]);
    const policy = documentsOf('base/networkpolicy.yaml')[0];
    const admitted = listAt(policy, 'spec', 'ingress').flatMap((rule) =>
      listAt(rule, 'ports').map((port) => fieldAt(port, 'port')),
    );
    expect(admitted.toSorted()).to.deep.equal(named.toSorted());
  });

  it('is found by node agents and other replicas at the Service of the settings', () => {
    const { serviceName } = shippedConfig().clusterAgent;
    expect(documentsOf('base/service.yaml').map((each) => textAt(each, 'metadata', 'name'))).to.include(
      serviceName,
    );
  });

  it('is reached at the port of node agents by all, as each asks for a token there, and reaches it at other replicas', () => {
    const policy = documentsOf('base/networkpolicy.yaml')[0];
    const rulesFor = (direction: string, port: unknown): readonly unknown[] =>
      listAt(policy, 'spec', direction).filter((rule) =>
        listAt(rule, 'ports').some((each) => fieldAt(each, 'port') === port),
      );
    // Node agents on the network of their node are selected by nothing.
    expect(rulesFor('ingress', 'agentport').map((rule) => fieldAt(rule, 'from'))).to.deep.equal([undefined]);
    expect(rulesFor('egress', shippedConfig().clusterAgent.commandPort)).to.deep.equal([
      {
        to: [{ podSelector: { matchLabels: { 'app.kubernetes.io/name': name } } }],
        ports: [{ port: 5005 }],
      },
    ]);
  });

  it('registers the Service of the certificate, verified', () => {
    const service = objectAt(documentsOf('base/apiservice.yaml')[0], 'spec', 'service');
    const { certificate } = shippedConfig();
    expect(service).to.deep.equal({ name: certificate.serviceName, namespace: 'datadog', port: 443 });
    const wrong = manifestPaths().filter((path) =>
      documentsOf(path).some((object) => fieldAt(object, 'spec', 'insecureSkipTLSVerify') !== undefined),
    );
    expect(wrong).to.deep.equal([]);
  });

  it("has the program's own version as its image's tag", () => {
    const { version } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as {
      readonly version: string;
    };
    const kustomization = documentsOf('base/kustomization.yaml')[0];
    const image = textAt(container(), 'image');
    expect(fieldAt(kustomization, 'images')).to.deep.equal([{ name: image, newTag: version }]);
  });
});
