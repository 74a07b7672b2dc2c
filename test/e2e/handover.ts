import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A chart that registers another server, as Datadog's does; `registerAPIService` takes it away. Answers its folder. */
export function writeOriginalChart(folder: string): string {
  const chart = join(folder, 'original');
  mkdirSync(join(chart, 'templates'), { recursive: true });
  writeFileSync(join(chart, 'Chart.yaml'), 'apiVersion: v2\nname: original\nversion: 1.0.0\n');
  writeFileSync(join(chart, 'values.yaml'), 'registerAPIService: true\n');
  writeFileSync(join(chart, 'templates', 'apiservice.yaml'), registration);
  return chart;
}

const registration = `{{- if .Values.registerAPIService }}
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata:
  name: v1beta1.external.metrics.k8s.io
spec:
  service:
    name: datadog-cluster-agent-metrics-api
    namespace: {{ .Release.Namespace }}
    port: 8443
  version: v1beta1
  insecureSkipTLSVerify: true
  group: external.metrics.k8s.io
  groupPriorityMinimum: 100
  versionPriority: 100
{{- end }}
`;
