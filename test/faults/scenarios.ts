import type { Scenario } from './scenario.js';
import { leaderKilled } from './scenarios/leader-killed.js';

/** All faults, in the order of their numbers. */
export const allScenarios: readonly Scenario[] = [leaderKilled];
