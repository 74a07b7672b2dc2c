import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { outputOfHelm } from '../control-plane/helm.js';
import { outputOf } from '../control-plane/kubectl.js';
import { againstSchema, againstSense, type BadValues, chartCases } from './chart-cases.js';
import { expectGoodSettings, findServer, serverOf, settingsOf, valuesOf } from './deployed-settings.js';
import { writeOriginalChart } from './handover.js';
import { at, entriesOf, type Manifest, parseManifests, without } from './manifest.js';
import { essentialsOf } from './manifest-essentials.js';
import { apiService } from './manifest-rights.js';
import {
  chartFolder,
  type Kustomization,
  listKustomizations,
  renderChart,
  renderComponent,
  renderKustomization,
  valuesFile,
} from './renderings.js';
import { startTrial, type Trial } from './trial.js';
import { undescribed, valueRows } from './values-table.js';

describe('The manifests, on a real kube-apiserver', function () {
  this.timeout(120_000);
  let trial: Trial;

  before('start the control plane, with the kinds of cert-manager and the Prometheus operator', async () => {
    trial = await startTrial();
  });

  after('stop everything', async () => {
    await trial?.stop();
    console.log(`    ${trial?.summary()}`);
  });

  describe('kustomize', () => {
    for (const kustomization of listKustomizations()) {
      it(`${kustomization.path} is accepted, and its settings are good`, async () => {
        const objects = await trial.accepted(await render(kustomization));
        const server = findServer(objects);
        const hasServer = /^(base|events|overlays\/.*)$/.test(kustomization.path);
        expect(server !== undefined, 'has the server').to.equal(hasServer);
        if (server !== undefined) expectGoodSettings(server);
      });
    }

    const render = ({ path, isComponent }: Kustomization): Promise<string> =>
      isComponent
        ? renderComponent(trial.plane.kubectl, trial.deployFolder, path)
        : renderKustomization(trial.plane.kubectl, trial.deployFolder, path);
  });

  describe('an unknown field', () => {
    const broken = [
      ['a Deployment', 'apps/v1', 'Deployment', 'replica'],
      ['a NetworkPolicy', 'networking.k8s.io/v1', 'NetworkPolicy', 'policyType'],
      ['the APIService', 'apiregistration.k8s.io/v1', 'APIService', 'insecureSkipTLS'],
      ['a Certificate', 'cert-manager.io/v1', 'Certificate', 'dnsName'],
      ['a ServiceMonitor', 'monitoring.coreos.com/v1', 'ServiceMonitor', 'endpoint'],
    ] as const;
    for (const [title, apiVersion, kind, field] of broken) {
      it(`in ${title} is refused`, async () => {
        const everything = chartCases.find((one) => one.title === 'everything on');
        const values = { ...everything?.values, certificate: { mode: 'certManager' } };
        const rendered = parseManifests(await renderChart(trial.helm, { title, values }, trial.folder));
        const object = rendered.find(
          (one) => one.kind === kind && at(one.content, 'apiVersion') === apiVersion,
        );
        const spec = { ...without(at(object?.content, 'spec')), [field]: 'x' };
        const { code, stderr } = await trial.dryRun(JSON.stringify({ ...without(object?.content), spec }));
        expect(code).to.not.equal(0);
        expect(stderr).to.match(new RegExp(`${field}.*field not declared|unknown field "spec.${field}"`));
        trial.count('refusal');
      });
    }
  });

  describe('the chart', () => {
    for (const chartCase of chartCases) {
      it(`with ${chartCase.title}: lint, rendering and settings are good`, async () => {
        const values = valuesFile(chartCase.values, trial.folder);
        await outputOfHelm(trial.helm, ['lint', '--strict', chartFolder, '-n', 'datadog', '-f', values]);
        trial.count('lint');
        const objects = await trial.accepted(
          await renderChart(trial.helm, chartCase, trial.folder),
          chartCase.warning,
        );
        expectGoodSettings(serverOf(objects));
      });
    }

    const expectRefusal = async ({ title, values, complaint }: BadValues): Promise<void> => {
      const file = valuesFile(values, trial.folder);
      const { code, stderr } = await trial.helm(['template', 'x', chartFolder, '-n', 'datadog', '-f', file]);
      expect(code, title).to.not.equal(0);
      expect(stderr).to.match(complaint);
      trial.count('refusal');
    };

    it('refuses by its schema, naming the value', async () => {
      for (const bad of againstSchema) await expectRefusal(bad);
    });

    it('refuses values that make no sense together, and says what to do', async () => {
      for (const bad of againstSense) await expectRefusal(bad);
    });

    it('has a description for each value, and in its README a line for each with its default', () => {
      const schema: unknown = JSON.parse(readFileSync(join(chartFolder, 'values.schema.json'), 'utf8'));
      expect(undescribed(schema, '')).to.deep.equal([]);
      const values: unknown = parse(readFileSync(join(chartFolder, 'values.yaml'), 'utf8'));
      const readme = readFileSync(join(chartFolder, 'README.md'), 'utf8');
      const rows = readme.split('\n').filter((line) => line.startsWith('| `'));
      expect(rows).to.deep.equal(valueRows(schema, values, ''));
    });

    const twins = [
      ['base', {}],
      ['events', { events: { enabled: true } }],
      ['overlays/cert-manager', { certificate: { mode: 'certManager' } }],
    ] as const;
    for (const [path, values] of twins) {
      it(`makes of ${JSON.stringify(values)} what ${path} has`, async () => {
        const isComponent = path === 'events';
        const render = isComponent ? renderComponent : renderKustomization;
        const theirs = await trial.accepted(await render(trial.plane.kubectl, trial.deployFolder, path));
        const ours = await trial.accepted(
          await renderChart(trial.helm, { title: path, values }, trial.folder),
        );
        const expected = essentialsOf(theirs);
        for (const [what, value] of entriesOf(essentialsOf(ours))) {
          expect(value, what).to.deep.equal(at(expected, what));
        }
        expect(effectiveValues(ours)).to.deep.equal(effectiveValues(theirs));
      });
    }
  });

  describe('helm, on the cluster', () => {
    const install = (command: string, release: string, ...more: readonly string[]) =>
      outputOfHelm(trial.helmOnCluster, [command, release, chartFolder, '-n', 'installed', ...more]);
    const set = (...pairs: readonly string[]) => pairs.flatMap((pair) => ['--set', pair]);
    const get = async (...args: readonly string[]) =>
      (await outputOf(trial.plane.kubectl, ['get', '-n', 'installed', ...args])).trim();
    const token = () => get('secret', 'datadog-auth-token', '-o', 'jsonpath={.data.token}');
    const caBundle = () => get('apiservice', apiService, '-o', 'jsonpath={.spec.caBundle}');
    const checksum = () =>
      get(
        'deployment',
        'dca-datadog-cluster-agent',
        '-o',
        'jsonpath={.spec.template.metadata.annotations.checksum/config}',
      );

    it('installs, and says what is next: the missing keys first', async () => {
      const notes = await install('install', 'dca', '--create-namespace');
      expect(notes).to.include('kubectl create secret generic datadog-keys -n installed');
      expect(notes).to.include('kubectl get apiservice v1beta1.external.metrics.k8s.io');
      expect(notes).to.include('DD_CLUSTER_AGENT_KUBERNETES_SERVICE_NAME=dca-datadog-cluster-agent');
      expect(Buffer.from(await token(), 'base64').toString()).to.match(/^[A-Za-z0-9]{48}$/);
    });

    it('keeps the token and the caBundle over an upgrade, rolls the pods on new settings, and asks for no keys that are there', async () => {
      const before_ = { token: await token(), checksum: await checksum() };
      const authority = Buffer.from('-----BEGIN CERTIFICATE-----\n').toString('base64');
      const patch = JSON.stringify({ spec: { caBundle: authority } });
      await outputOf(trial.plane.kubectl, ['patch', 'apiservice', apiService, '--type=merge', '-p', patch]);
      const keys = ['--from-literal=api-key=a', '--from-literal=app-key=b'];
      await outputOf(trial.plane.kubectl, [
        'create',
        'secret',
        'generic',
        'datadog-keys',
        '-n',
        'installed',
        ...keys,
      ]);
      const notes = await install('upgrade', 'dca', ...set('config.log_level=debug', 'replicaCount=3'));
      expect(notes).to.not.include('create secret');
      expect(await token()).to.equal(before_.token);
      expect(await caBundle()).to.equal(authority);
      expect(await checksum()).to.not.equal(before_.checksum);
      expect(
        await get('deployment', 'dca-datadog-cluster-agent', '-o', 'jsonpath={.spec.replicas}'),
      ).to.equal('3');
    });

    it('takes the authority of an existing certificate from its Secret', async () => {
      const pem = readFileSync(trial.plane.clusterCaFile, 'utf8');
      const files = [`--from-file=ca.crt=${trial.plane.clusterCaFile}`];
      await outputOf(trial.plane.kubectl, [
        'create',
        'secret',
        'generic',
        'mine',
        '-n',
        'installed',
        ...files,
      ]);
      await install(
        'upgrade',
        'dca',
        ...set('certificate.mode=existingSecret', 'certificate.existingSecret.name=mine'),
      );
      expect(Buffer.from(await caBundle(), 'base64').toString()).to.equal(pem);
      expect(await get('role', 'dca-datadog-cluster-agent', '-o', 'jsonpath={.rules}')).to.not.include(
        'secrets',
      );
    });

    it('refuses a second registration, and installs a second release beside the first where it is told apart', async () => {
      const twice = await trial.helmOnCluster([
        'install',
        'other',
        chartFolder,
        '-n',
        'elsewhere',
        '--create-namespace',
      ]);
      expect(twice.code).to.not.equal(0);
      expect(twice.stderr).to.include(`APIService "${apiService}"`);
      trial.count('refusal');
      await install('install', 'second', ...set('names.scheme=release', 'apiService.create=false'));
      await outputOfHelm(trial.helmOnCluster, ['uninstall', 'second', '-n', 'installed']);
    });

    it('uses a token Secret that somebody else made, and makes none', async () => {
      const secret = ['create', 'secret', 'generic', 'datadog-auth-token', '-n', 'default'];
      await outputOf(trial.plane.kubectl, [...secret, `--from-literal=token=${'t'.repeat(32)}`]);
      const args = ['install', 'third', chartFolder, '-n', 'default', '--dry-run=server'];
      const plan = await outputOfHelm(trial.helmOnCluster, [...args, ...set('apiService.create=false')]);
      expect(plan).to.include('name: datadog-auth-token'); // for the variable
      expect(plan).to.not.include('kind: Secret');
    });

    it('says that no replica starts while a token Secret that was named is missing', async () => {
      const plan = (secret: string) => {
        const args = ['install', 'third', chartFolder, '-n', 'default', '--dry-run=server'];
        const named = `clusterAgent.token.existingSecret=${secret}`;
        return outputOfHelm(trial.helmOnCluster, [...args, ...set('apiService.create=false', named)]);
      };
      const hint = /kubectl create secret generic \S*token -n default/;
      expect(await plan('my-token')).to.match(hint);
      expect(await plan('datadog-auth-token')).to.not.match(hint);
    });

    it('leaves nothing at its uninstall but what the server and the operator made', async () => {
      await outputOf(trial.plane.kubectl, [
        'create',
        'configmap',
        'datadog-custom-metrics',
        '-n',
        'installed',
      ]);
      await outputOfHelm(trial.helmOnCluster, ['uninstall', 'dca', '-n', 'installed']);
      const kinds =
        'deployments,services,serviceaccounts,roles,rolebindings,poddisruptionbudgets,networkpolicies';
      expect(await get(kinds, '-o', 'name')).to.equal('serviceaccount/default');
      expect((await get('secrets,configmaps', '-o', 'name')).split('\n').toSorted()).to.deep.equal([
        'configmap/datadog-custom-metrics',
        'configmap/kube-root-ca.crt',
        'secret/datadog-keys',
        'secret/mine',
      ]);
      const everywhere = `clusterroles,clusterrolebindings,apiservices`;
      const label = 'app.kubernetes.io/managed-by=Helm';
      expect(await get(everywhere, '-l', label, '-o', 'name')).to.equal('');
      expect(await get('rolebindings', '-A', '-l', label, '-o', 'name')).to.equal('');
    });

    it('takes the registration over from another release, as docs/migrating.md says', async () => {
      const { kubectl } = trial.plane;
      const chart = writeOriginalChart(trial.folder);
      const helm = (...args: readonly string[]) => outputOfHelm(trial.helmOnCluster, args);
      await helm('install', 'datadog', chart, '-n', 'datadog', '--create-namespace');
      const beside = ['-n', 'datadog-autoscaling', '--create-namespace', ...set('apiService.create=false')];
      await helm('install', 'autoscaling', chartFolder, ...beside);

      const service = { namespace: 'datadog-autoscaling', name: 'datadog-custom-metrics-server', port: 443 };
      const caBundle_ = Buffer.from('-----BEGIN CERTIFICATE-----\n').toString('base64');
      const patch = { spec: { service, caBundle: caBundle_, insecureSkipTLSVerify: null } };
      const on = ['apiservice', apiService];
      await outputOf(kubectl, ['patch', ...on, '--type=merge', '-p', JSON.stringify(patch)]);
      await outputOf(kubectl, ['annotate', ...on, 'helm.sh/resource-policy=keep', '--overwrite']);
      await helm('upgrade', 'datadog', chart, '-n', 'datadog', ...set('registerAPIService=false'));
      await outputOf(kubectl, [
        'annotate',
        ...on,
        '--overwrite',
        'meta.helm.sh/release-name=autoscaling',
        'meta.helm.sh/release-namespace=datadog-autoscaling',
        'helm.sh/resource-policy-',
      ]);
      await outputOf(kubectl, ['label', ...on, 'app.kubernetes.io/managed-by=Helm', '--overwrite']);
      const ours = ['-n', 'datadog-autoscaling', '--reuse-values', ...set('apiService.create=true')];
      await helm('upgrade', 'autoscaling', chartFolder, ...ours);

      const spec = JSON.parse(await get(...on, '-o', 'jsonpath={.spec}')) as object;
      expect(spec).to.deep.include({ caBundle: caBundle_, service });
      expect(spec).to.not.have.property('insecureSkipTLSVerify');
      await helm('uninstall', 'datadog', '-n', 'datadog');
      expect(await get(...on, '-o', 'jsonpath={.metadata.name}')).to.equal(apiService);
    });
  });
});

function effectiveValues(objects: readonly Manifest[]): unknown {
  const { config, problems } = settingsOf(serverOf(objects));
  if (config === undefined) throw new Error(problems.join('\n'));
  return valuesOf(config);
}
