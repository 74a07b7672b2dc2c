import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StatusReport } from '../../cmdapi/status/report.js';
import { type ReplicaChoices, type SimulatedReplica, StandIns, tokens } from '../../simulator/stand-ins.js';
import { type Outcome, runBundle } from './cli-bundle.js';
import { CommandClient } from './cmdapi-scene.js';
import { autoscaler, until } from './corridor-scene.js';

/** A replica whose status is asked, as an operator does. */
export class AskedReplica {
  readonly replica: SimulatedReplica;
  readonly #standIns: StandIns;
  readonly #client: CommandClient;

  constructor(standIns: StandIns, replica: SimulatedReplica) {
    this.replica = replica;
    this.#standIns = standIns;
    this.#client = new CommandClient(replica.app.commandPort() ?? 0);
  }

  async report(): Promise<StatusReport> {
    return (await this.#client.json('/status', tokens.local)) as StatusReport;
  }

  /** The first report for which `isWanted` holds. */
  async until(what: string, isWanted: (report: StatusReport) => boolean): Promise<StatusReport> {
    let report = await this.report();
    for (let tries = 0; !isWanted(report); tries += 1) {
      if (tries > 400) throw new Error(`waited in vain for ${what}: ${JSON.stringify(report)}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      report = await this.report();
    }
    return report;
  }

  /** An answer as text, whatever it is. */
  async text(target: string): Promise<string> {
    return (await this.#client.ask(target, { token: tokens.local })).text;
  }

  /** What the replica tells scrapers. */
  async scraped(path: string): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.replica.app.process.telemetryPort()}${path}`);
    return await answer.text();
  }

  /** The command of the shipped program, asked beside this replica. */
  command(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const path = join(this.#standIns.folder, 'auth_token');
    writeFileSync(path, tokens.local);
    return runBundle(args, {
      DD_AUTH_TOKEN_FILE_PATH: path,
      DD_CLUSTER_AGENT_CMD_PORT: String(this.replica.app.commandPort()),
      DD_EXPVAR_PORT: String(this.replica.app.process.telemetryPort()),
      ...environment,
    });
  }

  close(): void {
    this.#client.close();
  }
}

/** Replicas between the stand-ins, and an autoscaler that asks for `m.a`, which Datadog has. */
export class StatusScene {
  readonly standIns = new StandIns();
  readonly #asked: AskedReplica[] = [];

  async start(): Promise<void> {
    await this.standIns.start();
    this.standIns.datadog.shape('m.a', [], () => 4);
    this.standIns.cluster.apply(autoscaler('a', 'm.a'));
  }

  async replica(choices: Partial<ReplicaChoices> = {}): Promise<AskedReplica> {
    const replica = this.standIns.startReplica({ name: `dca-${this.#asked.length}`, ...choices });
    await until('the port', () => replica.app.commandPort() !== undefined);
    const asked = new AskedReplica(this.standIns, replica);
    this.#asked.push(asked);
    return asked;
  }

  async stop(): Promise<void> {
    for (const asked of this.#asked) asked.close();
    await this.standIns.stop();
  }
}

/** What is told of external metrics; throws when that part is not. */
export function metricsOf({ externalMetrics }: StatusReport) {
  if ('unavailable' in externalMetrics) throw new Error(externalMetrics.unavailable);
  return externalMetrics;
}

export function keysOf({ keys }: StatusReport) {
  if ('unavailable' in keys) throw new Error(keys.unavailable);
  return keys;
}
