import { type LogLevel, logLevels } from '../core/log.js';
import { tokenParser } from './name-parsers.js';
import { booleanParser, durationParser, oneOfParser, portParser } from './parser.js';
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
  title: 'Cluster agent',
  rows: {
    commandPort: setting({
      environment: ['DD_CLUSTER_AGENT_CMD_PORT'],
      yaml: ['cluster_agent.cmd_port'],
      default: 5005,
      parser: portParser,
      help: 'Port of the API for node agents and operators. Accepted, and without effect in this version.',
    }),
    authToken: optional({
      environment: ['DD_CLUSTER_AGENT_AUTH_TOKEN'],
      yaml: ['cluster_agent.auth_token'],
      parser: tokenParser,
      help: 'Token that node agents share with this agent. Accepted, and without effect in this version.',
      secret: 'whole',
    }),
    mapMetadata: setting({
      environment: ['DD_USE_METADATA_MAPPER'],
      yaml: ['use_metadata_mapper'],
      default: true,
      parser: booleanParser,
      help: 'Keep a map from nodes and pods to services, for the tags of node agents. Accepted, and without effect in this version.',
    }),
    collectEvents: setting({
      environment: ['DD_COLLECT_KUBERNETES_EVENTS'],
      yaml: ['collect_kubernetes_events'],
      default: false,
      parser: booleanParser,
      help: 'Send the events of the cluster to Datadog. In this version it only switches leader election on; no event is sent.',
    }),
  },
} as const;
