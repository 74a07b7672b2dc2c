import { expect } from 'chai';
import { type EndpointSettings, findEndpoint } from '../../node-agent/endpoint.js';

const environment = {
  DATADOG_CLUSTER_AGENT_SERVICE_HOST: '10.96.0.7',
  DATADOG_CLUSTER_AGENT_SERVICE_PORT: '5005',
  MINE_SERVICE_HOST: '10.96.0.8',
  MINE_SERVICE_PORT: '',
};

describe('the endpoint of a Cluster Agent, as node agents find it', () => {
  const found: readonly (readonly [EndpointSettings, string])[] = [
    [{}, 'https://10.96.0.7:5005'],
    [{ url: '' }, 'https://10.96.0.7:5005'],
    [{ url: '', serviceName: 'datadog-cluster-agent' }, 'https://10.96.0.7:5005'],
    [{ serviceName: 'DataDog-Cluster_Agent' }, 'https://10.96.0.7:5005'],
    [{ url: 'https://dca.example:5005' }, 'https://dca.example:5005'],
    [{ url: 'https://dca.example:5005/' }, 'https://dca.example:5005/'],
    [{ url: 'HTTPS://dca.example' }, 'HTTPS://dca.example'],
    [{ url: 'dca.example:5005' }, 'https://dca.example:5005'],
    [{ url: '127.0.0.1:5005', serviceName: '' }, 'https://127.0.0.1:5005'],
  ];
  for (const [settings, endpoint] of found)
    it(`is ${endpoint} by ${JSON.stringify(settings)}`, () => {
      expect(findEndpoint(settings, environment)).to.deep.equal({ ok: true, value: endpoint });
    });

  const refused: readonly (readonly [EndpointSettings, string])[] = [
    [
      { url: 'http://dca.example' },
      'cannot get cluster agent endpoint, not a https scheme: http://dca.example',
    ],
    [{ url: 'HTTP://dca.example' }, 'cannot get cluster agent endpoint, not a https scheme: http'],
    [{ url: 'tcp://dca.example' }, 'cannot get cluster agent endpoint, not a https scheme: tcp'],
    [{ url: 'dca example' }, 'cannot get cluster agent endpoint, not a URL: dca example'],
    [
      { serviceName: '' },
      'cannot get a cluster agent endpoint, both cluster_agent.url and cluster_agent.kubernetes_service_name are empty',
    ],
    [
      { serviceName: 'other-agent' },
      'cannot get a cluster agent endpoint for kubernetes service OTHER_AGENT, env OTHER_AGENT_SERVICE_HOST is empty',
    ],
    [
      { serviceName: 'mine' },
      'cannot get a cluster agent endpoint for kubernetes service MINE, env MINE_SERVICE_PORT is empty',
    ],
  ];
  for (const [settings, error] of refused)
    it(`is not found by ${JSON.stringify(settings)}`, () => {
      expect(findEndpoint(settings, environment)).to.deep.equal({ ok: false, error });
    });
});
