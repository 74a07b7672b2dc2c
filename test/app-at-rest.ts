import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type App, buildApp } from '../app.js';
import { loadConfig } from '../config/load.js';
import { problemText } from '../config/problem.js';
import { silentLog } from '../core/log.js';
import { RecentLog } from '../core/recent-log.js';
import { createRegistry, type Registry } from '../core/telemetry.js';
import { tokens } from '../simulator/stand-ins.js';
import { FakeClock } from './fake-clock.js';

const kubeconfig = `apiVersion: v1
kind: Config
current-context: c
contexts: [{ name: c, context: { cluster: c, user: u } }]
clusters: [{ name: c, cluster: { server: "https://127.0.0.1:1", insecure-skip-tls-verify: true } }]
users: [{ name: u, user: { token: none } }]
`;

/** A whole application that was built and does not run, with everything switched on, and what it tells of itself. */
export function appAtRest(settings: Readonly<Record<string, string>> = {}): {
  readonly app: App;
  readonly registry: Registry;
} {
  const folder = mkdtempSync(join(tmpdir(), 'app-at-rest-'));
  const path = join(folder, 'kubeconfig');
  writeFileSync(path, kubeconfig, { mode: 0o600 });
  try {
    const loaded = loadConfig({
      environment: {
        DD_API_KEY: '0123456789abcdef0123456789abcdef',
        DD_APP_KEY: '0123456789abcdef0123456789abcdef01234567',
        DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'true',
        DD_COLLECT_KUBERNETES_EVENTS: 'true',
        DD_KUBERNETES_KUBECONFIG_PATH: path,
        DD_POD_NAME: 'dca-0',
        ...settings,
      },
      flags: {},
    });
    if (!loaded.ok) throw new Error(loaded.error.map(problemText).join('\n'));
    const registry = createRegistry({ withProcessMetrics: true });
    const app = buildApp({
      config: loaded.value,
      log: silentLog,
      clock: new FakeClock(),
      registry,
      environment: {},
      version: '0.0.0',
      commit: 'none',
      tokens,
      recentLog: new RecentLog(),
    });
    if (!app.ok) throw new Error(app.error);
    return { app: app.value, registry };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
