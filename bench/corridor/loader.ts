import { readFileSync } from 'node:fs';
import { runCommand } from '../../test/control-plane/commands.js';
import type { FrontProxyFiles } from '../../test/control-plane/control-plane.js';
import { asHpaController } from '../../test/faults/client.js';
import type { LoadResult, LoadShape } from './load.js';
import { benchNamespace, metricName, metricPath, protobufValue } from './metric-set.js';

export interface LoaderOptions {
  /** The program. */
  readonly file: string;
  readonly port: number;
  readonly caPem: string;
  readonly serverName: string;
  readonly frontProxy: FrontProxyFiles;
  readonly indexes: readonly number[];
  readonly shape: LoadShape;
  readonly warmSeconds: number;
  readonly seconds: number;
}

/** What the loader writes. */
interface LoaderReport {
  readonly requests: number;
  readonly wrong: number;
  readonly wrongExamples: readonly string[] | null;
  readonly connectionsOpened: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly latencyMicros: Readonly<Record<'p50' | 'p90' | 'p99' | 'p999' | 'max', number>>;
  readonly loaderCpuSeconds: number;
}

/** What kube-apiserver sends along when it passes on a read of the HPA controller's, to the letter. */
function proxiedHeaders(): Readonly<Record<string, readonly string[]>> {
  const identity = Object.entries(asHpaController).map(([name, value]) => [name, [value].flat()] as const);
  return {
    ...Object.fromEntries(identity),
    'User-Agent': [
      'kube-controller-manager/v1.36.3 (linux/amd64) kubernetes/98b3519/system:serviceaccount:kube-system:horizontal-pod-autoscaler',
    ],
    Accept: ['application/vnd.kubernetes.protobuf, */*'],
    'Accept-Encoding': ['gzip'],
    'Audit-Id': ['667e5118-a8cb-40d6-853b-7d16c510f675'],
    'X-Forwarded-For': ['127.0.0.1'],
    'X-Forwarded-Host': ['localhost:443'],
    'X-Forwarded-Proto': ['https'],
    'X-Forwarded-Uri': [
      `/apis/external.metrics.k8s.io/v1beta1/namespaces/${benchNamespace}/${metricName(0)}`,
    ],
    'X-Remote-Uid': ['56155721-edd1-41ca-ac2a-116755e815f9'],
    'X-Remote-Extra-Authentication.kubernetes.io%2fcredential-Id': [
      'JTI=1e6c3ce9-bd22-48f6-9086-8d266ea68fb1',
    ],
  };
}

/** Requests as kube-apiserver makes them, with its client certificate; the value in each answer must be right. */
export async function runLoader(options: LoaderOptions): Promise<LoadResult> {
  const { file, port, caPem, serverName, frontProxy, indexes, shape, warmSeconds, seconds } = options;
  const given = {
    address: `https://127.0.0.1:${port}`,
    serverName,
    caPem,
    certPem: readFileSync(frontProxy.certificateFile, 'utf8'),
    keyPem: readFileSync(frontProxy.keyFile, 'utf8'),
    headers: proxiedHeaders(),
    targets: indexes.map((index) => ({ path: metricPath(index), expect: protobufValue(index) })),
    protocol: shape.protocol,
    connections: shape.connections,
    streams: shape.streams,
    warmupSeconds: warmSeconds,
    seconds,
  };
  const timeoutMs = (warmSeconds + seconds + 30) * 1_000;
  const { code, stdout, stderr } = await runCommand(file, [], { input: JSON.stringify(given), timeoutMs });
  if (code !== 0) throw new Error(`the loader ended with ${code}: ${stderr.trim()}`);
  return toResult(JSON.parse(stdout) as LoaderReport, shape);
}

function toResult(report: LoaderReport, shape: LoadShape): LoadResult {
  const { requests, wrong, wrongExamples, perSecond, connectionsOpened, latencyMicros } = report;
  const ms = (name: keyof LoaderReport['latencyMicros']): number => latencyMicros[name] / 1_000;
  // On HTTP/1.1 a client that gets no CPU for long drops a connection now and then, and opens another.
  const most = shape.protocol === 'h2' ? shape.connections : Math.ceil(1.1 * shape.connections);
  const hasStrayed = connectionsOpened < shape.connections || connectionsOpened > most;
  const strayed = hasStrayed
    ? [`${connectionsOpened} connections were opened, not ${shape.connections}`]
    : [];
  return {
    requests,
    wrong: wrong + strayed.length,
    faults: [...(wrongExamples ?? []).slice(0, 3), ...strayed],
    perSecond,
    latencyMs: { count: requests, p50: ms('p50'), p99: ms('p99'), p999: ms('p999'), max: ms('max') },
  };
}
