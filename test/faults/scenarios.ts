import type { Scenario } from './scenario.js';
import { authorityRotated } from './scenarios/authority-rotated.js';
import { autoscalerStorm } from './scenarios/autoscaler-storm.js';
import { certificateRenewed } from './scenarios/certificate-renewed.js';
import { wrongClocks } from './scenarios/clock-jumps.js';
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
