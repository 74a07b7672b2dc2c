/** Servers of external metrics by their usual Services, `namespace/name`. */
const providers: readonly (readonly [RegExp, string])[] = [
  [/keda/, 'KEDA'],
  [/prometheus-adapter|prometheus-metrics/, 'prometheus-adapter'],
  [/stackdriver/, "Google's Stackdriver adapter"],
  [/azure-k8s-metrics-adapter/, 'the Azure metrics adapter'],
  [/cloudwatch/, 'the CloudWatch adapter of AWS'],
  [/newrelic/, 'the New Relic metrics adapter'],
  [/kube-metrics-adapter/, 'kube-metrics-adapter'],
  [
    /datadog-custom-metrics-server$|datadog.*metrics-(api|server)$|cluster-agent-metrics/,
    "Datadog's own Cluster Agent, or another installation of this one",
  ],
];

/** Whose a Service probably is, by its usual name; `undefined` for a name that says nothing. */
export function providerOf(service: string): string | undefined {
  return providers.find(([pattern]) => pattern.test(service))?.[1];
}

/** What the API server says when it cannot use the server behind an APIService → what to do. */
const troubles: readonly (readonly [RegExp, string])[] = [
  [/ServiceNotFound/, 'the Service does not exist: apply deploy/base/service.yaml'],
  [
    /ServicePortError/,
    'the Service has no such port: apply deploy/base/service.yaml and apiservice.yaml together',
  ],
  [
    /MissingEndpoints|EndpointsNotFound|no endpoints/,
    'no replica is ready behind the Service: look at the pods (kubectl -n datadog get pods) and at `datadog-cluster-agent health` in one of them',
  ],
  [
    /has expired or is not yet valid|certificate has expired/,
    'a certificate has run out: a running replica renews it; see the topic Certificate below',
  ],
  [
    /x509|certificate/,
    'the API server does not trust the certificate: the caBundle of the APIService is another authority than the one that signed it; a running replica with the right to patch the APIService mends this by itself',
  ],
  [
    /connection refused|ECONNREFUSED/,
    'nothing listens there: is a replica running, with this port (DD_EXTERNAL_METRICS_PROVIDER_PORT)?',
  ],
  [
    /deadline|timeout|timed out|no route/i,
    "the control plane's packets do not arrive: open the port from the control plane to the pods (a firewall rule on private GKE clusters, a security group on EKS, a NetworkPolicy)",
  ],
  [
    /HTTP 403|forbidden|HTTP 401/i,
    'the request is refused: the bindings to system:auth-delegator and extension-apiserver-authentication-reader must be there (see Rights)',
  ],
  [
    /service unavailable/i,
    'nothing is passed on to a server that the API server takes for not available: mend what stands above',
  ],
  [/HTTP 404/, 'the API server does not know the group yet: the APIService is missing or not available'],
];

/** The remedy for an error text of the API server. */
export function remedyOfTrouble(text: string): string {
  return (
    troubles.find(([pattern]) => pattern.test(text))?.[1] ??
    "look at the log of a replica and of the API server; `kubectl describe apiservice v1beta1.external.metrics.k8s.io` shows the API server's view"
  );
}
