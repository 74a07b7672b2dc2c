import { expect } from 'chai';
import { servingNames } from '../../../certs/serving-names.js';
import { fieldAt, listAt, textAt } from '../../../simulator/cluster/object.js';
import { documentsOf, objectOf } from './manifests.js';
import { shippedConfig } from './shipped-config.js';

describe('the overlay cert-manager', () => {
  const file = 'overlays/cert-manager/certificate.yaml';
  const { certificate, clusterAgent } = shippedConfig();
  const { serviceName, secretName } = certificate;
  const leaf = objectOf(file, 'Certificate', serviceName);
  const patch = fieldAt(documentsOf('overlays/cert-manager/deployment.yaml')[0], 'spec', 'template', 'spec');

  it('asks for the name that kube-apiserver verifies, and for none that is not ours', () => {
    const names = listAt(leaf, 'spec', 'dnsNames');
    expect(names).to.include(`${serviceName}.datadog.svc`);
    const extraNames = servingNames({ service: clusterAgent.serviceName, namespace: 'datadog' });
    expect(names).to.include(extraNames[0]);
    expect(servingNames({ service: serviceName, namespace: 'datadog', extraNames })).to.include.members([
      ...names,
    ]);
  });

  it('is signed by an authority that lives longer', () => {
    const issuer = objectOf(file, 'Issuer', textAt(leaf, 'spec', 'issuerRef', 'name') ?? '');
    const authority = objectOf(file, 'Certificate', `${serviceName}-ca`);
    expect(fieldAt(authority, 'spec', 'isCA')).to.equal(true);
    expect(textAt(issuer, 'spec', 'ca', 'secretName')).to.equal(textAt(authority, 'spec', 'secretName'));
    const hours = (object: unknown) => Number.parseInt(textAt(object, 'spec', 'duration') ?? '', 10);
    expect(hours(authority)).to.be.above(10 * hours(leaf));
  });

  it('mounts its Secret, which is none that the Cluster Agent would write, where the setting says', () => {
    const secret = textAt(leaf, 'spec', 'secretName');
    expect(secret).to.not.equal(secretName);
    expect(listAt(patch, 'volumes')).to.deep.equal([{ name: 'certificate', secret: { secretName: secret } }]);
    const directory = fieldAt(patch, 'containers', 0, 'env', 0);
    expect(textAt(directory, 'name')).to.equal('DD_EXTERNAL_METRICS_PROVIDER_CERTIFICATE_DIR');
    expect(listAt(patch, 'containers', 0, 'volumeMounts')).to.deep.equal([
      { name: 'certificate', mountPath: textAt(directory, 'value'), readOnly: true },
    ]);
  });

  it('has the authority put into the APIService', () => {
    const [registration] = documentsOf('overlays/cert-manager/apiservice.yaml');
    const base = documentsOf('base/apiservice.yaml')[0];
    expect(textAt(registration, 'metadata', 'name')).to.equal(textAt(base, 'metadata', 'name'));
    expect(textAt(registration, 'metadata', 'annotations', 'cert-manager.io/inject-ca-from')).to.equal(
      `datadog/${serviceName}`,
    );
  });
});

describe('the overlay single', () => {
  it('has one replica, and nothing that would wait for a second', () => {
    const kustomization = documentsOf('overlays/single/kustomization.yaml')[0];
    expect(fieldAt(kustomization, 'replicas')).to.deep.equal([{ name: 'datadog-cluster-agent', count: 1 }]);
    const patches = listAt(kustomization, 'patches').map((patch) => textAt(patch, 'patch') ?? '');
    expect(
      patches.some((text) => text.includes('$patch: delete') && text.includes('PodDisruptionBudget')),
    ).to.equal(true);
    expect(patches.some((text) => text.includes('/spec/template/spec/topologySpreadConstraints'))).to.equal(
      true,
    );
  });
});

describe('the example nginx', () => {
  it('scales the Deployment on the metric that its pods report', () => {
    const autoscaler = objectOf('examples/nginx/hpa.yaml', 'HorizontalPodAutoscaler', 'nginx');
    const workload = objectOf('examples/nginx/deployment.yaml', 'Deployment', 'nginx');
    const pod = fieldAt(workload, 'spec', 'template');
    expect(fieldAt(autoscaler, 'apiVersion')).to.equal('autoscaling/v2');
    expect(fieldAt(autoscaler, 'spec', 'scaleTargetRef')).to.deep.equal({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      name: 'nginx',
    });
    const name = textAt(pod, 'spec', 'containers', 0, 'name') ?? '';
    expect(fieldAt(autoscaler, 'spec', 'metrics')).to.deep.equal([
      {
        type: 'External',
        external: {
          metric: {
            name: 'nginx.net.request_per_s',
            selector: { matchLabels: { kube_container_name: name } },
          },
          target: { type: 'AverageValue', averageValue: '9' },
        },
      },
    ]);
    // Whoever applies the example again must not undo what the autoscaler did.
    expect(fieldAt(workload, 'spec', 'replicas')).to.equal(undefined);
    const checks = textAt(pod, 'metadata', 'annotations', `ad.datadoghq.com/${name}.check_names`) ?? '';
    expect(JSON.parse(checks)).to.deep.equal(['nginx']);
    const instances = textAt(pod, 'metadata', 'annotations', `ad.datadoghq.com/${name}.instances`) ?? '';
    expect(JSON.parse(instances)).to.deep.equal([{ nginx_status_url: 'http://%%host%%:8081/nginx_status' }]);
  });
});

describe('the component events', () => {
  const rules = (kind: string): readonly unknown[] =>
    listAt(objectOf('events/rbac.yaml', kind, 'datadog-cluster-agent:events'), 'rules');

  it('switches the collection on, and grants what it needs and no more', () => {
    const [patch] = listAt(documentsOf('events/kustomization.yaml')[0], 'patches');
    expect(textAt(patch, 'patch')).to.include('name: DD_COLLECT_KUBERNETES_EVENTS\n    value: "true"');
    expect(rules('ClusterRole')).to.deep.equal([
      { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['list', 'watch'] },
    ]);
    expect(rules('Role')).to.deep.equal([
      {
        apiGroups: [''],
        resources: ['configmaps'],
        resourceNames: [shippedConfig().events.tokenName],
        verbs: ['get', 'update'],
      },
    ]);
  });
});
