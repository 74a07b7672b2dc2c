import { runApp } from '../app.js';
import { type Config, loadConfig, secretsOf } from '../config/load.js';
import { problemText } from '../config/problem.js';
import { systemClock } from '../core/clock.js';
import { createLogger, type Logger } from '../core/log.js';
import { RecentLog } from '../core/recent-log.js';
import { createScrub } from '../core/scrub.js';
import { createRegistry } from '../core/telemetry.js';
import { buildInfo } from './build-info.js';
import { gatherSources, type SettingsOptions } from './settings-sources.js';
import { printProblems } from './terminal.js';
import { obtainTokens } from './tokens.js';

/**
 * Runs the service until SIGTERM or SIGINT. Resolves to the exit code: 0 after an orderly stop, 1 when settings are
 * wrong (all problems are then on stderr) or a part failed.
 */
export async function start(options: SettingsOptions, wantsColor: boolean): Promise<number> {
  const { sources, problems } = gatherSources(options);
  const loaded = loadConfig(sources);
  if (!loaded.ok || problems.length > 0) {
    printProblems([...problems, ...(loaded.ok ? loaded.value.warnings : loaded.error)], wantsColor);
    return 1;
  }
  const config = loaded.value;
  const obtained = await obtainTokens(config);
  if (!obtained.ok) {
    printProblems([...obtained.error, ...config.warnings], wantsColor);
    return 1;
  }
  const { tokens, notices } = obtained.value;
  const scrub = createScrub([...secretsOf(config), tokens.agents, tokens.local]);
  const recentLog = new RecentLog();
  const log = createLogger(config.process.logLevel, scrub, {
    write: (line) => {
      recentLog.write(line);
      process.stdout.write(line);
    },
  });
  announce(config, log);
  for (const notice of notices) log.warn({}, notice);
  exitOnBugs(log);
  const signal = stopOnSignals(log);
  return await runApp(
    {
      config,
      log,
      clock: systemClock,
      registry: createRegistry({ withProcessMetrics: true }),
      environment: process.env,
      ...buildInfo(),
      tokens,
      recentLog,
      ...(sources.file === undefined ? {} : { settingsPath: sources.file.path }),
    },
    signal,
  );
}

function announce(config: Config, log: Logger): void {
  log.info({ ...buildInfo(), node: process.version }, 'starting');
  for (const warning of config.warnings) log.warn({ setting: warning.setting }, problemText(warning));
}

/** Nothing is known of the state after an error that nobody caught, so only a restart helps. */
function exitOnBugs(log: Logger): void {
  const onBug = (kind: string) => (error: unknown) => {
    log.error({ err: error instanceof Error ? error : new Error(String(error)) }, `${kind}; exiting`);
    process.exit(1);
  };
  process.on('uncaughtException', onBug('uncaught exception'));
  process.on('unhandledRejection', onBug('unhandled rejection'));
}

const signals = { SIGINT: 130, SIGTERM: 143 } as const;

/** Aborts at the first signal. A second one means that somebody will not wait any longer. */
function stopOnSignals(log: Logger): AbortSignal {
  const stop = new AbortController();
  for (const [name, exitCode] of Object.entries(signals)) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(exitCode);
      log.info({ signal: name }, 'stopping; a second signal ends at once');
      stop.abort();
    });
  }
  return stop.signal;
}
