import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startProcess } from '../control-plane/processes.js';
import { askReplica } from './node-side-world.js';
import { type Replica, startReplica } from './replica.js';

/** When somebody began or ceased to lead, by its own word. */
export interface Turn {
  readonly atMs: number;
  readonly leads: boolean;
}

/** Whoever competes for the lead: a replica of ours, or client-go's elector. */
export interface Contender {
  readonly name: string;
  /** What it says now; false once it has ended. */
  leads(): Promise<boolean>;
  /** All that it said, and its end. */
  turns(): Promise<readonly Turn[]>;
  /** SIGTERM; answers when it has ended. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export interface Place {
  readonly kubeconfigPath: string;
  readonly logsFolder: string;
  readonly leaseSeconds: number;
}

export interface OurContender extends Contender {
  readonly replica: Replica;
  /** The name of whom it follows; undefined while it leads or knows of nobody. */
  follows(): Promise<string | undefined>;
  /** What is wrong with its election, by its health. */
  trouble(): Promise<string | undefined>;
}

export interface GoContender extends Contender {
  /**
   * Whether it gave up its lead when it was stopped. client-go does not where it is stopped while it renews: it cancels
   * its write, which is carried out all the same, and so is refused the next one.
   */
  hasReleased(): Promise<boolean>;
}

/** A replica that does nothing but elect, beside the node agents' API. */
export async function ourContender(
  name: string,
  resource: string,
  { kubeconfigPath, logsFolder, leaseSeconds }: Place,
): Promise<OurContender> {
  await forget(name, logsFolder);
  const replica = await startReplica({
    name,
    kubeconfigPath,
    datadogUrl: 'http://127.0.0.1:9',
    logsFolder,
    settings: {
      DD_EXTERNAL_METRICS_PROVIDER_ENABLED: 'false',
      DD_LEADER_ELECTION: 'true',
      DD_LEADER_ELECTION_DEFAULT_RESOURCE: resource,
      DD_LEADER_LEASE_DURATION: String(leaseSeconds),
    },
  });
  const ends = endOf(() => replica.process.kill());
  return {
    name,
    replica,
    leads: async () => {
      if (replica.process.ending() !== undefined) return false;
      const answer = await fetch(replica.telemetryUrl).catch(() => undefined);
      const text = (await answer?.text().catch(() => undefined)) ?? '';
      return /^leader_election_is_leader\{[^}]*is_leader="true"[^}]*\} 1$/m.test(text);
    },
    turns: async () => [...toTurns(await replica.log(), ourTurn), ...ends.turns],
    follows: async () => {
      const token = await readFile(replica.environment['DD_AUTH_TOKEN_FILE_PATH'] ?? '', 'utf8').catch(
        () => '',
      );
      const answer = await askReplica(replica, '/status', token.trim()).catch(() => undefined);
      if (answer?.status !== 200) return undefined;
      const { leader } = JSON.parse(answer.body) as { readonly leader: { readonly name?: string } };
      return leader.name;
    },
    trouble: async () => {
      const answer = await fetch(`${replica.healthUrl}/ready`).catch(() => undefined);
      const report = (await answer?.json().catch(() => undefined)) as
        | { readonly Details?: Readonly<Record<string, string>> }
        | undefined;
      return report?.Details?.['leader-election'];
    },
    stop: () => replica.process.stop(20_000),
    kill: ends.kill,
  };
}

/** client-go's elector; its times have the proportions that Kubernetes' own components have. */
export async function goContender(
  name: string,
  { file, lock }: { readonly file: string; readonly lock: string },
  { kubeconfigPath, logsFolder, leaseSeconds }: Place,
): Promise<GoContender> {
  await forget(name, logsFolder);
  const options = {
    kubeconfig: kubeconfigPath,
    namespace: 'datadog',
    name: 'datadog-leader-election',
    identity: name,
    lock,
    lease: `${leaseSeconds}s`,
    renew: `${leaseSeconds * 0.66}s`,
    retry: '500ms',
  };
  const process_ = await startProcess({
    name,
    file,
    args: Object.entries(options).map(([option, value]) => `-${option}=${value}`),
    environment: {},
    logFile: join(logsFolder, `${name}.log`),
  });
  const ends = endOf(() => process_.kill());
  const said = async (): Promise<readonly Turn[]> =>
    toTurns(await readFile(process_.logFile, 'utf8'), itsTurn);
  return {
    name,
    hasReleased: async () => !(await readFile(process_.logFile, 'utf8')).includes('Failed to release lock'),
    leads: async () => process_.ending() === undefined && (await said()).at(-1)?.leads === true,
    turns: async () => [...(await said()), ...ends.turns],
    stop: () => process_.stop(20_000),
    kill: ends.kill,
  };
}

/** What somebody of that name said in an earlier run. */
async function forget(name: string, logsFolder: string): Promise<void> {
  await rm(join(logsFolder, `${name}.log`), { force: true });
}

/** Who is killed says nothing any more; it led until then at the latest. */
function endOf(kill: () => Promise<void>): {
  readonly turns: readonly Turn[];
  readonly kill: () => Promise<void>;
} {
  const turns: Turn[] = [];
  return {
    turns,
    kill: async () => {
      await kill();
      turns.push({ atMs: Date.now(), leads: false });
    },
  };
}

function toTurns(log: string, parse: (line: string) => Turn | undefined): readonly Turn[] {
  return log
    .split('\n')
    .map((line) => parse(line))
    .filter((turn) => turn !== undefined);
}

function ourTurn(line: string): Turn | undefined {
  const leads = line.includes('"this replica leads"');
  if (!leads && !line.includes('"this replica does not lead any more"')) return undefined;
  const { time } = JSON.parse(line) as { readonly time: string };
  return { atMs: Date.parse(time), leads };
}

function itsTurn(line: string): Turn | undefined {
  const [, atMs, what] = /^(\d+) (leads|does not lead)$/.exec(line) ?? [];
  return atMs === undefined ? undefined : { atMs: Number(atMs), leads: what === 'leads' };
}
