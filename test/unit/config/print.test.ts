import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { mask, secretParts } from '../../../config/mask.js';
import { nearestName } from '../../../config/nearest.js';
import { printConfig } from '../../../config/print.js';
import { printSettingsMarkdown } from '../../../config/reference.js';
import { placedSettings } from '../../../config/schema.js';
import { apiKey, appKey, load } from './scene.js';

describe('printed settings', () => {
  it('have a line each, with value and origin', () => {
    const text = printConfig(
      load({
        yaml: 'site: datadoghq.eu\n',
        environment: { DD_LOG_LEVEL: 'debug', DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'yes' },
        flags: { namespace: 'dd' },
      }),
    );
    expect(text).to.match(/^Settings file: settings.yaml$/m);
    expect(text).to.match(/^ {2}site +datadoghq\.eu +file line 1$/m);
    expect(text).to.match(/^ {2}log_level +debug +env DD_LOG_LEVEL$/m);
    expect(text).to.match(/^ {2}enabled +true +env DD_EXTERNAL_METRICS_PROVIDER_ENABLED$/m);
    expect(text).to.match(/^ {2}kube_resources_namespace +dd +flag --namespace$/m);
    expect(text).to.match(/^ {2}refresh_period +30 s +default$/m);
    expect(text).to.match(/^ {2}leader_election +true +needed by external metrics$/m);
    expect(text).to.match(/^ {2}app_key +\(not set\) +default$/m);
    expect(text).to.match(/^ {2}proxy.no_proxy +\(none\) +default$/m);
  });

  it('hold every setting once', () => {
    const lines = printConfig(load({})).split('\n');
    expect(lines.filter((line) => line.startsWith('  '))).to.have.length(placedSettings().length);
  });

  it('mask secrets', () => {
    const text = printConfig(
      load({
        environment: {
          DD_API_KEY: apiKey,
          DD_APP_KEY: appKey,
          DD_CLUSTER_AGENT_AUTH_TOKEN: 'T0ken'.repeat(8),
          DD_PROXY_HTTPS: 'http://bob:hunter2@proxy:3128',
        },
      }),
    );
    expect(text).to.match(/^ {2}api_key +\*{8}bcdef +env DD_API_KEY$/m);
    expect(text).to.match(/^ {2}cluster_agent.auth_token +\*{8} +env DD_CLUSTER_AGENT_AUTH_TOKEN$/m);
    expect(text).to.match(/^ {2}proxy.https +http:\/\/\*{8}@proxy:3128 +env DD_PROXY_HTTPS$/m);
    for (const secret of [apiKey, appKey, 'T0ken', 'hunter2', 'bob']) expect(text).to.not.include(secret);
  });

  it('fit into 100 columns, with the longest names and values too', () => {
    const path = `/${'long/'.repeat(60)}end`;
    const environment = Object.fromEntries(
      placedSettings().flatMap(({ setting }): [string, string][] =>
        setting.environment.slice(-1).map((name) => [name, String(setting.default ?? '')]),
      ),
    );
    const url = `http://host/${'x'.repeat(200)}`;
    const text = printConfig(
      load({
        environment: {
          ...environment,
          DD_KUBERNETES_KUBECONFIG_PATH: path,
          DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT: url,
          DD_PROXY_NO_PROXY: 'host.example '.repeat(40),
          DD_API_KEY: 'k'.repeat(200),
        },
      }),
    );
    expect(text.split('\n').filter((line) => line.length > 100)).to.deep.equal([]);
    expect(text).to.match(/\/long\/.*….*\/end/);
    expect(text).to.include('env DD_EXTERNAL_METRICS_LOCAL_COPY_REFRESH_RATE');
  });
});

describe('the documentation of settings', () => {
  const page = printSettingsMarkdown();

  it('is current in docs/settings.md (else run `npm run docs`)', () => {
    const path = new URL('../../../../docs/settings.md', import.meta.url);
    expect(readFileSync(path, 'utf8')).to.equal(page);
  });

  it('names every variable, key and option', () => {
    for (const { setting } of placedSettings()) {
      const names = [...setting.environment.slice(1), ...(setting.commonEnvironment ?? []), ...setting.yaml];
      expect(page).to.include(`### ${setting.environment[0]}\n`);
      for (const name of names) expect(page).to.include(`\`${name}\``);
      if (setting.flag !== undefined) expect(page).to.include(`\`--${setting.flag.name} <`);
    }
  });
});

describe('masking', () => {
  it('keeps the last five characters of a long key only', () => {
    expect(mask(apiKey, 'tail')).to.equal('********bcdef');
    expect(mask('short-key', 'tail')).to.equal('********');
    expect(mask('anything', 'whole')).to.equal('********');
  });

  it('hides credentials within a URL', () => {
    expect(mask('https://u:p@h:1/x', 'credentials')).to.equal('https://********@h:1/x');
    expect(mask('https://h:1/a@b', 'credentials')).to.equal('https://h:1/a@b');
  });

  it('knows the secret part of a URL, even badly encoded', () => {
    expect(secretParts('http://u:a%40b@h', 'credentials')).to.deep.equal(['a%40b', 'a@b']);
    expect(secretParts('http://u:a%zz@h', 'credentials')).to.deep.equal(['a%zz', 'a%zz']);
    expect(secretParts('http://h', 'credentials')).to.deep.equal([]);
  });
});

describe('the nearest name', () => {
  it('looks past case and separators', () => {
    expect(nearestName('API-Key', ['site', 'api_key'])).to.equal('api_key');
  });

  it('takes a name that goes on where ours ends', () => {
    expect(nearestName('DD_LEADER_LEASE', ['DD_LEADER_LEASE_NAME', 'DD_SITE'])).to.equal(
      'DD_LEADER_LEASE_NAME',
    );
  });

  it('is none when all are far', () => {
    expect(nearestName('something', ['site', 'api_key'])).to.equal(undefined);
    expect(nearestName('something', [])).to.equal(undefined);
  });
});
