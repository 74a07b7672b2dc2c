import type { Config } from '../config/load.js';
import type { Clock } from '../core/clock.js';
import type { Logger } from '../core/log.js';
import type { RecentLog } from '../core/recent-log.js';
import type { Registry } from '../core/telemetry.js';

/** What a process hands to the application: its settings, and what only a process has. */
export interface AppInputs {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly registry: Registry;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  /** The commit that this program was built from. */
  readonly commit: string;
  /** The secrets that open the port of node agents and operators. */
  readonly tokens: { readonly agents: string; readonly local: string };
  /** What the log has warned of last. */
  readonly recentLog: RecentLog;
  /** The settings file that was read; absent: there was none. */
  readonly settingsPath?: string;
}
