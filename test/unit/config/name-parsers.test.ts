import { expect } from 'chai';
import {
  clusterNameParser,
  endpointParser,
  hostNameParser,
  keyParser,
  labelParser,
  objectNameParser,
  pathParser,
  proxyParser,
  siteParser,
  tokenParser,
} from '../../../config/name-parsers.js';

describe('parsers of names, addresses and keys', () => {
  it('read the sites of Datadog, in lower case', () => {
    for (const site of [
      'datadoghq.com',
      'datadoghq.eu',
      'us3.datadoghq.com',
      'ap1.datadoghq.com',
      'ddog-gov.com',
    ]) {
      expect(siteParser.parse(site)).to.equal(site);
    }
    expect(siteParser.parse('Datadoghq.EU')).to.equal('datadoghq.eu');
  });

  it('refuse a site that is an address or a host of the site', () => {
    for (const text of [
      'https://datadoghq.com',
      'datadoghq.com/',
      'datadoghq.com:443',
      'app.datadoghq.com',
      'api.datadoghq.eu',
      'datadoghq',
      'data_dog.com',
      '.com',
      'datadoghq..com',
      `${'a'.repeat(64)}.com`,
    ]) {
      expect(siteParser.parse(text), text).to.equal(undefined);
    }
  });

  it('read endpoints and drop the closing slash', () => {
    expect(endpointParser.parse('https://api.datadoghq.com')).to.equal('https://api.datadoghq.com');
    expect(endpointParser.parse('http://127.0.0.1:8126/')).to.equal('http://127.0.0.1:8126');
    expect(endpointParser.parse('https://gate.example/dd//')).to.equal('https://gate.example/dd');
  });

  it('refuse endpoints of other schemes, with credentials, query or fragment', () => {
    for (const text of [
      'api.datadoghq.com',
      'ftp://a',
      'https://',
      'https://u:p@a',
      'https://a?x=1',
      'https://a#b',
      'https://a b',
      'javascript:alert(1)',
    ]) {
      expect(endpointParser.parse(text), text).to.equal(undefined);
    }
  });

  it('read proxies with credentials and without a scheme', () => {
    expect(proxyParser.parse('http://u:p@proxy:3128')).to.equal('http://u:p@proxy:3128');
    expect(proxyParser.parse('proxy:3128')).to.equal('http://proxy:3128');
    expect(proxyParser.parse('10.0.0.1:3128')).to.equal('http://10.0.0.1:3128');
    expect(proxyParser.parse('https://proxy.example/')).to.equal('https://proxy.example');
  });

  it('refuse other kinds of proxy', () => {
    for (const text of ['socks5://proxy:1080', 'http://', 'proxy:port', 'a b']) {
      expect(proxyParser.parse(text), text).to.equal(undefined);
    }
  });

  it('read any key that fits into a header, but no handle of a secret backend', () => {
    expect(keyParser.parse('0123456789abcdef0123456789abcdef')).to.equal('0123456789abcdef0123456789abcdef');
    expect(keyParser.parse('anything-goes')).to.equal('anything-goes');
    for (const text of ['ENC[api_key]', 'two words', 'line\nbreak', 'schlüssel', 'k'.repeat(257)]) {
      expect(keyParser.parse(text), text).to.equal(undefined);
    }
  });

  it('read tokens of 32 letters and digits and more', () => {
    expect(tokenParser.parse('a1'.repeat(16))).to.equal('a1'.repeat(16));
    expect(tokenParser.parse('a'.repeat(31))).to.equal(undefined);
    expect(tokenParser.parse(`${'a'.repeat(32)}-`)).to.equal(undefined);
    expect(tokenParser.parse('a'.repeat(1_025))).to.equal(undefined);
  });

  it('read names as Kubernetes does', () => {
    expect(labelParser.parse('kube-system')).to.equal('kube-system');
    expect(objectNameParser.parse('datadog.custom-metrics')).to.equal('datadog.custom-metrics');
    for (const text of ['Default', '-a', 'a-', 'a_b', 'a/b', 'a'.repeat(64)]) {
      expect(labelParser.parse(text), text).to.equal(undefined);
      expect(objectNameParser.parse(text), text).to.equal(undefined);
    }
    expect(labelParser.parse('a.b')).to.equal(undefined);
    expect(objectNameParser.parse(Array(130).fill('a').join('.'))).to.equal(undefined);
  });

  it('read cluster names whose parts begin with a letter', () => {
    expect(clusterNameParser.parse('prod.eu-1')).to.equal('prod.eu-1');
    for (const text of ['1prod', 'prod.1', 'Prod', 'prod_eu']) {
      expect(clusterNameParser.parse(text), text).to.equal(undefined);
    }
  });

  it('read host names with capitals and underscores', () => {
    expect(hostNameParser.parse('Node_1.example')).to.equal('Node_1.example');
    for (const text of ['-a', 'a b', 'a'.repeat(254)])
      expect(hostNameParser.parse(text), text).to.equal(undefined);
  });

  it('read paths', () => {
    expect(pathParser.parse('/var/lib/x y')).to.equal('/var/lib/x y');
    expect(pathParser.parse('a\0b')).to.equal(undefined);
  });
});
