import type { Parser } from './parser.js';

const labelExpression = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

function isSubdomain(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => labelExpression.test(label));
}

/** A name of one label, as Kubernetes asks of namespaces and services. */
export const labelParser: Parser<string> = {
  expected: "at most 63 lower-case letters, digits and '-', beginning and ending with a letter or digit",
  parse: (text) => (labelExpression.test(text) ? text : undefined),
};

/** The name of any other Kubernetes object: labels joined by dots. */
export const objectNameParser: Parser<string> = {
  expected:
    "the name of a Kubernetes object: lower-case letters, digits, '-' and '.', at most 253 characters",
  parse: (text) => (isSubdomain(text) ? text : undefined),
};

/** A host's own name, or a pod's; capitals and `_` are seen in the wild and kept. */
export const hostNameParser: Parser<string> = {
  expected: "a host name of at most 253 letters, digits, '-', '_' and '.'",
  parse: (text) => (/^[A-Za-z0-9][-A-Za-z0-9_.]{0,252}$/.test(text) ? text : undefined),
};

/** A cluster's name, by the rule of Datadog's agents: each label begins with a letter. */
export const clusterNameParser: Parser<string> = {
  expected:
    "lower-case letters, digits, '-' and '.', each part beginning with a letter, at most 253 characters",
  parse: (text) =>
    isSubdomain(text) && text.split('.').every((part) => /^[a-z]/.test(part)) ? text : undefined,
};

/**
 * A Datadog site. A scheme, a path, or the `app.` and `api.` hosts of a site are refused, since the names of
 * Datadog's endpoints are made from the bare site.
 */
export const siteParser: Parser<string> = {
  expected: 'the bare host name of a Datadog site, such as datadoghq.com or datadoghq.eu',
  parse: (text) => {
    const site = text.toLowerCase();
    const isBare = isSubdomain(site) && site.includes('.') && !/^(app|api)\./.test(site);
    return isBare ? site : undefined;
  },
};

/** An http or https URL without credentials, query or fragment; a closing `/` is dropped. */
export const endpointParser: Parser<string> = {
  expected: 'an http:// or https:// URL without user name, query or fragment',
  parse: (text) => {
    const url = parseHttpUrl(text);
    if (url === undefined || url.username !== '' || url.password !== '') return undefined;
    return url.search === '' && url.hash === '' ? url.href.replace(/\/+$/, '') : undefined;
  },
};

/** A proxy's URL, with credentials if need be; a bare `host:port` means http, as curl and Go read it. */
export const proxyParser: Parser<string> = {
  expected: 'the http:// or https:// URL of a proxy, or host:port',
  parse: (text) => {
    const url = parseHttpUrl(/^[A-Za-z][-A-Za-z0-9+.]*:\/\//.test(text) ? text : `http://${text}`);
    return url?.href.replace(/\/$/, '');
  },
};

function parseHttpUrl(text: string): URL | undefined {
  if (/\s/.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  return (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '' ? url : undefined;
}

/** A Datadog key: anything that fits into a header. Whether it opens the door only Datadog can say. */
export const keyParser: Parser<string> = {
  expected: 'the key itself, without spaces; an ENC[...] handle is not resolved',
  parse: (text) => (/^[\x21-\x7e]{1,256}$/.test(text) && !/^ENC\[/.test(text) ? text : undefined),
};

/** The shortest token that is no guess, as node agents see it too. */
export const shortestToken = 32;
const longestToken = 1024;
const tokenLetters = new RegExp(`^[A-Za-z0-9]{${shortestToken},${longestToken}}$`);

/** The token that node agents share with the cluster agent. */
export const tokenParser: Parser<string> = {
  expected: `${shortestToken} to ${longestToken} letters and digits`,
  parse: (text) => (tokenLetters.test(text) ? text : undefined),
};

/** A path of a file or folder. Whether it is there is seen when it is read. */
export const pathParser: Parser<string> = {
  expected: 'a path',
  parse: (text) => (text.includes('\0') ? undefined : text),
};
