import type { Scenario } from './scenario.js';
import { revisionsCompacted, watchesGone } from './scenarios/api-server-gone.js';
import { apiServerRestarted, etcdRestarted } from './scenarios/api-server-restarted.js';
import { apiServerSlow, apiServerSlowWithDefaults } from './scenarios/api-server-slow.js';
import { followerCutOff } from './scenarios/api-server-unreachable.js';
import { watchesFrozen } from './scenarios/api-server-watches-frozen.js';
import { authorityRotated } from './scenarios/authority-rotated.js';
import { autoscalerStorm } from './scenarios/autoscaler-storm.js';
import { certificateRenewed } from './scenarios/certificate-renewed.js';
import { wrongClocks } from './scenarios/clock-jumps.js';
import { configMapConflicts } from './scenarios/configmap-conflicts.js';
import { configMapCorrupted } from './scenarios/configmap-corrupted.js';
import { configMapDeleted } from './scenarios/configmap-deleted.js';
import { configMapEmptied } from './scenarios/configmap-emptied.js';
import { configMapManyMetrics } from './scenarios/configmap-many-metrics.js';
import { configMapStranger } from './scenarios/configmap-stranger.js';
import { datadogAway } from './scenarios/datadog-away.js';
import { datadogAwayAtRestart } from './scenarios/datadog-away-at-restart.js';
import { datadogBadQuery } from './scenarios/datadog-bad-query.js';
import { datadogRateLimit } from './scenarios/datadog-rate-limit.js';
import { filesSwapped } from './scenarios/files-swapped.js';
import { freshStart } from './scenarios/fresh-start.js';
import { frontProxyReplaced } from './scenarios/front-proxy-replaced.js';
import { leaderFrozen } from './scenarios/leader-frozen.js';
import { leaderKilled } from './scenarios/leader-killed.js';
import { leaderPartitioned, leaderPartitionedDatadogHanging } from './scenarios/leader-partitioned.js';
import { partitionedLeaderTerminated } from './scenarios/leader-partitioned-terminated.js';
import { leaseDamaged } from './scenarios/lease-damaged.js';
import { rollingUpdate } from './scenarios/rolling-update.js';
import { secretCorrupted } from './scenarios/secret-corrupted.js';
import { secretDeleted } from './scenarios/secret-deleted.js';
import { switchOver } from './scenarios/switch-over.js';

/** All faults, in the order of their numbers. */
export const allScenarios: readonly Scenario[] = [
  leaderKilled,
  leaderFrozen,
  leaderPartitioned,
  leaseDamaged,
  leaderPartitionedDatadogHanging,
  rollingUpdate,
  partitionedLeaderTerminated,
  ...datadogAway,
  datadogRateLimit,
  datadogBadQuery,
  apiServerRestarted,
  etcdRestarted,
  watchesFrozen,
  followerCutOff,
  watchesGone,
  revisionsCompacted,
  apiServerSlow,
  apiServerSlowWithDefaults,
  configMapDeleted,
  configMapEmptied,
  configMapCorrupted,
  configMapStranger,
  configMapConflicts,
  configMapManyMetrics,
  certificateRenewed,
  authorityRotated,
  secretDeleted,
  secretCorrupted,
  frontProxyReplaced,
  filesSwapped,
  ...wrongClocks,
  freshStart,
  datadogAwayAtRestart,
  autoscalerStorm,
  switchOver,
];
