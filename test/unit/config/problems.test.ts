import { expect } from 'chai';
import fc from 'fast-check';
import { readSettings } from '../../../config/load.js';
import { printConfig } from '../../../config/print.js';
import { placedSettings } from '../../../config/schema.js';
import { apiKey, load, problemsOf, sourcesOf, texts, warningsOf } from './scene.js';

/** A text that the setting's parser refuses. */
const wrong = 'two words\u0000 \u00fc';

describe('problems of settings', () => {
  it('are reported all at once, by name, source and expectation', () => {
    const problems = problemsOf({
      yaml: 'site: https://datadoghq.com\nexternal_metrics_provider:\n  port: 70000\n',
      environment: { DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE: 'ninety', DD_USE_METADATA_MAPPER: 'maybe' },
      flags: { 'log-level': 'loud' },
    });
    expect(problems).to.deep.equal([
      'error: site (settings.yaml line 1): got "https://datadoghq.com", expected the bare host name of a Datadog site, such as datadoghq.com or datadoghq.eu',
      'error: external_metrics_provider.port (settings.yaml line 3): got "70000", expected a port from 0 to 65535 (0: any free port)',
      'error: DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE (environment): got "ninety", expected a duration from 1 s to 86400 s, such as 90, 90s or 5m',
      'error: --log-level (command line): got "loud", expected one of trace, debug, info, warn, error, critical, off',
      'error: DD_USE_METADATA_MAPPER (environment): got "maybe", expected true or false (also 1/0, yes/no)',
    ]);
  });

  it('exist for every setting but lists, under every one of its names', () => {
    for (const { setting } of placedSettings()) {
      if (setting.parser.isList) continue;
      for (const name of [...setting.environment, ...(setting.commonEnvironment ?? [])]) {
        const [problem] = problemsOf({ environment: { [name]: wrong } });
        expect(problem).to.match(new RegExp(`^error: ${name} \\(environment\\): got .*, expected `));
        expect(problem).to.include(setting.parser.expected);
      }
      if (setting.flag !== undefined) {
        const [problem] = problemsOf({ flags: { [setting.flag.name]: wrong } });
        expect(problem).to.match(new RegExp(`^error: --${setting.flag.name} \\(command line\\): got `));
      }
    }
  });

  it('exist for every key of the file that holds a mapping, or a list where none is expected', () => {
    for (const { setting } of placedSettings()) {
      for (const key of setting.yaml) {
        const parts = key.split('.');
        const nested = parts.map((part, depth) => `${'  '.repeat(depth)}${part}:`).join('\n');
        expect(problemsOf({ yaml: `${nested} { a: b }\n` })[0]).to.include(
          `${key} (settings.yaml line ${parts.length}): got a mapping`,
        );
        if (setting.parser.isList) continue;
        expect(problemsOf({ yaml: `${nested} [a, b]\n` })[0]).to.include(
          `${key} (settings.yaml line ${parts.length}): got a list`,
        );
      }
    }
  });

  it('name two names of one setting that differ', () => {
    const environment = { DD_EXTERNAL_METRICS_MAX_AGE: '60', DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE: '120' };
    expect(problemsOf({ environment })).to.deep.equal([
      'error: DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE and DD_EXTERNAL_METRICS_MAX_AGE (environment): got "120" and "60" for one setting that has two names; set only DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE',
    ]);
    const yaml = 'external_metrics:\n  bucket_size: 60\nexternal_metrics_provider:\n  bucket_size: 90\n';
    expect(problemsOf({ yaml })[0]).to.include(
      'external_metrics_provider.bucket_size and external_metrics.bucket_size (settings.yaml line 2): got "90" and "60"',
    );
  });

  it('name two listeners on one port', () => {
    expect(problemsOf({ environment: { DD_HEALTH_PORT: '5000' } })).to.deep.equal([
      'error: DD_EXPVAR_PORT and DD_HEALTH_PORT: both are port 5000, expected a port for each',
    ]);
    const environment = { DD_EXTERNAL_METRICS_PROVIDER_PORT: '5005' };
    expect(load({ environment }).externalMetrics.port).to.equal(5005);
    expect(
      problemsOf({ environment: { ...environment, DD_EXTERNAL_METRICS_PROVIDER_ENABLED: '1' } })[0],
    ).to.equal(
      'error: DD_EXTERNAL_METRICS_PROVIDER_PORT and DD_CLUSTER_AGENT_CMD_PORT: both are port 5005, expected a port for each',
    );
  });

  it('name a page on the port of another listener, and take it turned off', () => {
    expect(problemsOf({ environment: { DD_GUI_PORT: '5005' } })).to.deep.equal([
      'error: DD_CLUSTER_AGENT_CMD_PORT and DD_GUI_PORT: both are port 5005, expected a port for each',
    ]);
    expect(load({ environment: { DD_GUI_PORT: '-1' } }).process.guiPort).to.equal(-1);
    expect(problemsOf({ environment: { DD_GUI_PORT: '-2' } })[0]).to.contain('or -1 for none');
  });

  it('allow any number of free ports', () => {
    const environment = { DD_HEALTH_PORT: '0', DD_EXPVAR_PORT: '0', DD_CLUSTER_AGENT_CMD_PORT: '0' };
    expect(load({ environment }).process).to.include({ healthPort: 0, telemetryPort: 0 });
  });

  it('come with the warnings, after them', () => {
    const problems = problemsOf({ environment: { DD_HEALTH_PORT: 'x', DD_LEADER_LEASE_DURATION: '10' } });
    expect(problems.map((text) => text.slice(0, 7))).to.deep.equal(['error: ', 'warning']);
  });

  it('leave the other settings readable', () => {
    const { config, errors } = readSettings(
      sourcesOf({ environment: { DD_HEALTH_PORT: 'x', DD_SITE: 'datadoghq.eu' } }),
    );
    expect(errors).to.have.length(1);
    expect(config.datadog.site).to.equal('datadoghq.eu');
    expect(config.process.healthPort).to.equal(5555);
    expect(printConfig(config)).to.match(/^ {2}health_port +\(wrong\)$/m);
  });

  it('do not follow from a setting that is itself wrong', () => {
    const environment = {
      DD_EXTERNAL_METRICS_PROVIDER_ENABLED: '1',
      DD_API_KEY: 'ENC[a]',
      DD_APP_KEY: 'ENC[b]',
    };
    expect(problemsOf({ environment })).to.deep.equal([
      'error: DD_API_KEY (environment): got a value of 6 characters, not shown, expected the key itself, without spaces; an ENC[...] handle is not resolved',
      'error: DD_APP_KEY (environment): got a value of 6 characters, not shown, expected the key itself, without spaces; an ENC[...] handle is not resolved',
    ]);
  });

  describe('with unknown names', () => {
    it('are warnings with the nearest known name', () => {
      expect(warningsOf({ environment: { DD_EXTERNAL_METRICS_PROVIDER_MAXAGE: '1' } })).to.deep.equal([
        'warning: DD_EXTERNAL_METRICS_PROVIDER_MAXAGE (environment): not a setting of this program, ignored; did you mean DD_EXTERNAL_METRICS_PROVIDER_MAX_AGE?',
      ]);
      expect(
        warningsOf({ yaml: 'site: datadoghq.eu\nexternal_metric_provider:\n  port: 1\n' }),
      ).to.deep.equal([
        'warning: external_metric_provider (settings.yaml line 2): not a setting of this program, ignored; did you mean external_metrics_provider?',
      ]);
      expect(warningsOf({ yaml: 'external_metrics_provider:\n  maxage: 1\n' })[0]).to.include(
        'did you mean external_metrics_provider.max_age?',
      );
    });

    it('suggest nothing when nothing is near', () => {
      expect(warningsOf({ environment: { DD_CLUSTER_AGENT_TRACING_SAMPLE: '1' } })).to.deep.equal([
        'warning: DD_CLUSTER_AGENT_TRACING_SAMPLE (environment): not a setting of this program, ignored',
      ]);
    });

    it('are looked for only among variables like ours', () => {
      const environment = {
        DD_TRACE_ENABLED: '1',
        PATH: '/bin',
        DATADOG_CLUSTER_AGENT_PORT: '1',
        DD_LEADER: '1',
      };
      expect(warningsOf({ environment }).map((text) => text.split(' ')[1])).to.deep.equal(['DD_LEADER']);
    });

    it('never show a strange key, which may be a value in the wrong place', () => {
      expect(warningsOf({ yaml: `{"api_key:${apiKey}": 1}` })[0]).to.equal(
        'warning: a key of 40 characters (settings.yaml line 1): not a setting of this program, ignored',
      );
    });
  });

  it('say that certificates are always verified, if somebody wants it otherwise', () => {
    expect(warningsOf({ environment: { DD_SKIP_SSL_VALIDATION: 'true' } })[0]).to.match(
      /^warning: DD_SKIP_SSL_VALIDATION \(environment\): not supported: certificates are always verified/,
    );
    expect(warningsOf({ yaml: 'a: 1\nskip_ssl_validation: true' })[1]).to.match(
      /skip_ssl_validation \(settings.yaml line 2\)/,
    );
    expect(warningsOf({ yaml: 'skip_ssl_validation: false' })).to.deep.equal([]);
  });

  it('never show a secret, whatever is wrong with it', () => {
    const canary = 'CANARY/5ecret+with=odd:characters';
    for (const { setting } of placedSettings()) {
      if (setting.secret === undefined) continue;
      for (const value of [
        `${canary} ${canary}`,
        `http://bob:${canary}@ host`,
        `bad scheme://bob:${canary}@host`,
      ]) {
        const key = setting.yaml[0].split('.');
        const indented = key.map((part, depth) => `${'  '.repeat(depth)}${part}:`).join('\n');
        for (const scene of [
          { environment: { [setting.environment[0]]: value } },
          { yaml: `${indented} ${JSON.stringify(value)}` },
          { yaml: `${indented} ${value}\n\t- broken` },
          { yaml: `${indented} *${canary}` },
          { yaml: `${indented} [${JSON.stringify(value)}]` },
        ]) {
          const { config, errors } = readSettings(sourcesOf(scene));
          expect(errors, JSON.stringify(scene)).to.have.length.greaterThan(0);
          expect([...texts([...errors, ...config.warnings]), printConfig(config)].join('\n')).to.not.include(
            'CANARY',
          );
        }
      }
    }
  });

  it('show an address that has no room for credentials', () => {
    const environment = {
      DD_EXTERNAL_METRICS_PROVIDER_ENDPOINT: 'api.datadoghq.com',
      DD_PROXY_HTTP: 'socks5://proxy:1080',
    };
    const problems = problemsOf({ environment });
    expect(problems[0]).to.include('got "api.datadoghq.com", expected an http:// or https:// URL');
    expect(problems[1]).to.include('got "socks5://proxy:1080", expected');
  });

  it('never show a Datadog key that was put into another setting', () => {
    expect(problemsOf({ environment: { DD_SITE: apiKey } })[0]).to.not.include(apiKey);
  });

  it('are found for any text in any variable and any file, without throwing', () => {
    const names = placedSettings().flatMap(({ setting }) => setting.environment);
    const environments = fc.dictionary(fc.constantFrom(...names), fc.string());
    fc.assert(
      fc.property(environments, fc.string(), (environment, yaml) => {
        readSettings(sourcesOf({ environment, yaml }));
      }),
      { numRuns: 200 },
    );
  });
});
