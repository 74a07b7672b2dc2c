{{- /* What no schema can say: values that make no sense together. */ -}}
{{- define "dca.validate" -}}
{{- include "dca.validateKeys" . -}}
{{- include "dca.validateConfig" (list .Values.config "") -}}
{{- include "dca.validateCertificate" . -}}
{{- with .Values.clusterAgent.token -}}
{{- if and .value .existingSecret -}}
{{- fail "clusterAgent.token.value and clusterAgent.token.existingSecret are both given; give one of them" -}}
{{- end -}}
{{- end -}}
{{- if and (not .Values.serviceAccount.create) (not .Values.serviceAccount.name) .Values.rbac.create -}}
{{- fail "serviceAccount.create is false and serviceAccount.name is empty: the rights would go to the service account `default`, and so to every pod of the namespace; name a service account, or set rbac.create to false" -}}
{{- end -}}
{{- include "dca.validateMemory" . -}}
{{- include "dca.validateAvailability" . -}}
{{- end -}}

{{- define "dca.validateKeys" -}}
{{- with .Values.datadog -}}
{{- if and .existingSecret (or .apiKey .appKey) -}}
{{- fail "datadog.existingSecret is given together with datadog.apiKey or datadog.appKey; give the Secret or the keys, not both" -}}
{{- end -}}
{{- if and .apiKey (not .appKey) -}}
{{- fail "datadog.apiKey is given without datadog.appKey; queries need both" -}}
{{- end -}}
{{- if and .appKey (not .apiKey) -}}
{{- fail "datadog.appKey is given without datadog.apiKey; queries need both" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "dca.validateCertificate" -}}
{{- with .Values.certificate -}}
{{- if and (eq .mode "existingSecret") (not .existingSecret.name) -}}
{{- fail "certificate.mode is existingSecret, but certificate.existingSecret.name is empty" -}}
{{- end -}}
{{- if and (ne .mode "existingSecret") .existingSecret.name -}}
{{- fail (printf "certificate.existingSecret.name is given, but certificate.mode is %s; set the mode to existingSecret" .mode) -}}
{{- end -}}
{{- if and (ne .mode "certManager") .certManager.issuerRef.name -}}
{{- fail (printf "certificate.certManager.issuerRef.name is given, but certificate.mode is %s; set the mode to certManager" .mode) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "dca.validateMemory" -}}
{{- $limit := get (get .Values.resources "limits" | default dict) "memory" | default "" | toString -}}
{{- if regexMatch "^[0-9]+[MG]i$" $limit -}}
{{- $size := regexFind "^[0-9]+" $limit | int -}}
{{- $megabytes := ternary $size (mul $size 1024) (hasSuffix "Mi" $limit) | int -}}
{{- if ge (int .Values.maxHeapMegabytes) $megabytes -}}
{{- fail (printf "maxHeapMegabytes is %d, but resources.limits.memory is %s, which holds more than the heap: the kernel would kill the server; keep the heap at about two thirds" (int .Values.maxHeapMegabytes) $limit) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "dca.validateAvailability" -}}
{{- $grace := int .Values.terminationGracePeriodSeconds -}}
{{- $needed := add (int .Values.shutdown.delaySeconds) (int .Values.shutdown.drainSeconds) 10 -}}
{{- if lt $grace (int $needed) -}}
{{- fail (printf "terminationGracePeriodSeconds is %d; shutdown.delaySeconds and shutdown.drainSeconds and 10 s to end in good order need %d, or Kubernetes kills the replica meanwhile" $grace $needed) -}}
{{- end -}}
{{- $least := .Values.podDisruptionBudget.minAvailable -}}
{{- if and .Values.podDisruptionBudget.enabled (kindIs "float64" $least) -}}
{{- if ge (int $least) (int .Values.replicaCount) -}}
{{- fail (printf "podDisruptionBudget.minAvailable is %d of %d replicas: no node could ever be drained; lower it, or raise replicaCount" (int $least) (int .Values.replicaCount)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Settings that the chart makes from other values: in `config` they would do nothing, or contradict RBAC. */ -}}
{{- define "dca.ownSettings" -}}
api_key: datadog.apiKey or datadog.existingSecret
app_key: datadog.appKey or datadog.existingSecret
site: datadog.site
pod_name: none, as it is the pod's own name
kube_resources_namespace: helm's --namespace
kubernetes_use_endpoint_slices: none, as the rights are those to EndpointSlices
hpa_configmap_name: names.metricsConfigMap
leader_lease_name: names.lease
leader_election_default_resource: leaderElection.resource
health_port: ports.health
expvar_port: ports.telemetry
metrics_port: ports.telemetry
shutdown_delay: shutdown.delaySeconds
shutdown_drain_timeout: shutdown.drainSeconds
auth_token_file_path: none, as it lies in a folder that the chart mounts
cluster_agent.auth_token: clusterAgent.token
cluster_agent.auth_token_file_path: clusterAgent.token
cluster_agent.cmd_port: ports.agent
cluster_agent.token_name: names.eventsConfigMap
collect_kubernetes_events: events.enabled
kube_apiserver_control_plane_checks: controlPlaneChecks.enabled
cluster_agent.kubernetes_service_name: fullnameOverride
external_metrics_provider.enabled: none, as it is always on
external_metrics_provider.port: ports.metrics
external_metrics_provider.api_key: extraEnv with a secretKeyRef, as a ConfigMap is no place for a key
external_metrics_provider.app_key: extraEnv with a secretKeyRef, as a ConfigMap is no place for a key
external_metrics_provider.certificate_dir: certificate.mode
external_metrics_provider.certificate_secret: names.certificateSecret
external_metrics_provider.service_name: names.metricsService
{{- end -}}

{{- define "dca.validateConfig" -}}
{{- $own := include "dca.ownSettings" . | fromYaml -}}
{{- $prefix := index . 1 -}}
{{- range $key, $value := index . 0 -}}
{{- $path := printf "%s%s" $prefix $key -}}
{{- with get $own $path -}}
{{- fail (printf "config.%s is made by the chart; the value for it is: %s" $path .) -}}
{{- end -}}
{{- if and (kindIs "map" $value) (not $prefix) -}}
{{- include "dca.validateConfig" (list $value (printf "%s." $key)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
