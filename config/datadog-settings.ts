import {
  clusterNameParser,
  endpointParser,
  hostNameParser,
  keyParser,
  proxyParser,
  siteParser,
} from './name-parsers.js';
import { wordsParser } from './parser.js';
import { optional, setting } from './setting.js';

/** Who we are to Datadog. */
export const datadogSettings = {
  title: 'Datadog',
  rows: {
    apiKey: optional({
      environment: ['DD_API_KEY'],
      yaml: ['api_key'],
      parser: keyParser,
      help: 'API key of your Datadog organization.',
      secret: 'tail',
    }),
    appKey: optional({
      environment: ['DD_APP_KEY'],
      yaml: ['app_key'],
      parser: keyParser,
      help: 'Application key of your Datadog organization; queries need it besides the API key. It needs the scope timeseries_query.',
      secret: 'tail',
    }),
    site: setting({
      environment: ['DD_SITE'],
      yaml: ['site'],
      default: 'datadoghq.com',
      parser: siteParser,
      help: 'Datadog site that holds your organization.',
    }),
    url: optional({
      environment: ['DD_URL', 'DD_DD_URL'],
      yaml: ['dd_url'],
      defaultNote: 'https://api.<site>',
      parser: endpointParser,
      help: 'Address to which events and service checks are sent, where it is not that of the site. External metrics have one of their own.',
    }),
    hostname: optional({
      environment: ['DD_HOSTNAME'],
      yaml: ['hostname'],
      parser: hostNameParser,
      help: 'Host name that this agent says of itself. Default: that of the machine or pod.',
    }),
    clusterName: optional({
      environment: ['DD_CLUSTER_NAME'],
      yaml: ['cluster_name'],
      parser: clusterNameParser,
      help: 'Name of the Kubernetes cluster, as Datadog shall show it: a part of the host names of its events, and the tag kube_cluster_name.',
    }),
    tags: setting<readonly string[]>({
      environment: ['DD_TAGS'],
      yaml: ['tags'],
      default: [],
      parser: wordsParser,
      help: 'Tags, such as "env:prod team:web", on all events and service checks that this agent sends.',
    }),
  },
} as const;

/** How Datadog is reached. */
export const proxySettings = {
  title: 'Proxy',
  rows: {
    https: optional({
      environment: ['DD_PROXY_HTTPS'],
      commonEnvironment: ['HTTPS_PROXY', 'https_proxy'],
      yaml: ['proxy.https'],
      parser: proxyParser,
      help: 'Proxy for https:// addresses of Datadog. The Kubernetes API is never reached through it.',
      secret: 'credentials',
    }),
    http: optional({
      environment: ['DD_PROXY_HTTP'],
      commonEnvironment: ['HTTP_PROXY', 'http_proxy'],
      yaml: ['proxy.http'],
      parser: proxyParser,
      help: 'Proxy for http:// addresses.',
      secret: 'credentials',
    }),
    noProxy: setting<readonly string[]>({
      environment: ['DD_PROXY_NO_PROXY'],
      commonEnvironment: ['NO_PROXY', 'no_proxy'],
      yaml: ['proxy.no_proxy'],
      default: [],
      parser: wordsParser,
      help: 'Hosts and domains that are reached without a proxy.',
    }),
  },
} as const;
