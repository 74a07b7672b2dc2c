import { type LogLevel, logLevels } from '../core/log.js';
import { labelParser, pathParser, tokenParser } from './name-parsers.js';
import { booleanParser, durationParser, oneOfParser, optionalPortParser, portParser } from './parser.js';
import { optional, setting } from './setting.js';

/** The process itself: log, probes, shutdown. */
export const processSettings = {
  title: 'Process',
  rows: {
    logLevel: setting<LogLevel>({
      environment: ['DD_LOG_LEVEL'],
      yaml: ['log_level'],
      flag: { name: 'log-level', argument: 'level' },
      default: 'info',
      parser: oneOfParser(logLevels, { warning: 'warn' }),
      help: 'How talkative the log is.',
    }),
    healthPort: setting({
      environment: ['DD_HEALTH_PORT'],
      yaml: ['health_port'],
      default: 5555,
      parser: portParser,
      help: 'Port of the liveness and readiness probes.',
    }),
    telemetryPort: setting({
      environment: ['DD_EXPVAR_PORT', 'DD_METRICS_PORT'],
      yaml: ['expvar_port', 'metrics_port'],
      default: 5000,
      parser: portParser,
      help: "Port of this agent's own metrics in Prometheus format.",
    }),
    guiPort: setting({
      environment: ['DD_GUI_PORT'],
      yaml: ['GUI_port'],
      default: 5002,
      parser: optionalPortParser,
      help: 'TLS port of the page for operators, on 127.0.0.1 only: reach it with kubectl port-forward, and open it with launch-gui. -1 turns it off.',
    }),
    shutdownDelaySeconds: setting({
      environment: ['DD_SHUTDOWN_DELAY'],
      yaml: ['shutdown_delay'],
      default: 5,
      parser: durationParser({ lowestSeconds: 0, highestSeconds: 600 }),
      help: 'How long this replica goes on serving after SIGTERM, though unready, so that every node learns of its end before it refuses connections. The lead is given up at once.',
    }),
    drainSeconds: setting({
      environment: ['DD_SHUTDOWN_DRAIN_TIMEOUT'],
      yaml: ['shutdown_drain_timeout'],
      default: 25,
      parser: durationParser({ lowestSeconds: 0, highestSeconds: 600 }),
      help: 'How long requests under way may go on after that. Keep both together under the terminationGracePeriodSeconds of the pod.',
    }),
  },
} as const;

/** The parts that serve node agents. */
export const clusterAgentSettings = {
  title: 'Node agents and operators',
  rows: {
    commandPort: setting({
      environment: ['DD_CLUSTER_AGENT_CMD_PORT'],
      yaml: ['cluster_agent.cmd_port'],
      default: 5005,
      parser: portParser,
      help: 'TLS port of the API for node agents and for the commands of operators.',
    }),
    authToken: optional({
      environment: ['DD_CLUSTER_AGENT_AUTH_TOKEN'],
      yaml: ['cluster_agent.auth_token'],
      parser: tokenParser,
      defaultNote: 'from the file below',
      help: 'Token that node agents and all replicas share. Where it is not set, and not to be had from the file below either, the start is refused.',
      secret: 'whole',
    }),
    authTokenPath: setting({
      environment: ['DD_CLUSTER_AGENT_AUTH_TOKEN_FILE_PATH'],
      yaml: ['cluster_agent.auth_token_file_path'],
      default: '/etc/datadog-agent/cluster_agent.auth_token',
      defaultFrom: 'clusterAgentTokenPath',
      defaultNote: 'cluster_agent.auth_token beside the settings file',
      parser: pathParser,
      help: 'File with that token, where it is not set itself. It is made when it is absent, which does for a single replica and commands by hand only.',
    }),
    localTokenPath: setting({
      environment: ['DD_AUTH_TOKEN_FILE_PATH'],
      yaml: ['auth_token_file_path'],
      default: '/etc/datadog-agent/auth_token',
      defaultFrom: 'authTokenPath',
      defaultNote: 'auth_token beside the settings file',
      parser: pathParser,
      help: 'File with the token of the commands of operators on this machine; made, for its owner alone, when it is absent.',
    }),
    serviceName: setting({
      environment: ['DD_CLUSTER_AGENT_KUBERNETES_SERVICE_NAME'],
      yaml: ['cluster_agent.kubernetes_service_name'],
      default: 'datadog-cluster-agent',
      parser: labelParser,
      help: 'Service by which node agents find this agent. Replicas find each other by its endpoints, and their certificate holds its names.',
    }),
    mapMetadata: setting({
      environment: ['DD_USE_METADATA_MAPPER'],
      yaml: ['use_metadata_mapper'],
      default: true,
      parser: booleanParser,
      help: 'Keep a map from nodes and pods to services, for the kube_service tags of node agents.',
    }),
  },
} as const;
