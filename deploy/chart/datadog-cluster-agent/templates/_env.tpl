{{- /* The variables that the chart itself sets, as a YAML list. */ -}}
{{- define "dca.ownEnv" -}}
- name: DD_POD_NAME
  valueFrom:
    fieldRef:
      fieldPath: metadata.name
- name: DD_API_KEY
  valueFrom:
    secretKeyRef:
      name: {{ include "dca.keysSecret" . }}
      key: api-key
- name: DD_APP_KEY
  valueFrom:
    secretKeyRef:
      name: {{ include "dca.keysSecret" . }}
      key: app-key
{{- /* Needed always: node Agents and all replicas share it. */}}
- name: DD_CLUSTER_AGENT_AUTH_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ include "dca.tokenSecret" . }}
      key: token
{{- with .Values.maxHeapMegabytes }}
- name: NODE_OPTIONS
  value: --max-old-space-size={{ . }} --max-semi-space-size=4 --v8-pool-size=0
{{- end }}
{{- $settings := dict
  "DD_SITE" .Values.datadog.site
  "DD_EXTERNAL_METRICS_PROVIDER_ENABLED" "true"
  "DD_EXTERNAL_METRICS_PROVIDER_PORT" (toString .Values.ports.metrics)
  "DD_CLUSTER_AGENT_CMD_PORT" (toString .Values.ports.agent)
  "DD_CLUSTER_AGENT_KUBERNETES_SERVICE_NAME" (include "dca.fullname" .)
  "DD_AUTH_TOKEN_FILE_PATH" (printf "%s/auth_token" (include "dca.runFolder" .))
  "DD_HEALTH_PORT" (toString .Values.ports.health)
  "DD_EXPVAR_PORT" (toString .Values.ports.telemetry)
  "DD_SHUTDOWN_DELAY" (toString .Values.shutdown.delaySeconds)
  "DD_SHUTDOWN_DRAIN_TIMEOUT" (toString .Values.shutdown.drainSeconds)
  "DD_HPA_CONFIGMAP_NAME" (include "dca.metricsConfigMap" .)
  "DD_LEADER_LEASE_NAME" (include "dca.lease" .)
  "DD_COLLECT_KUBERNETES_EVENTS" (toString .Values.events.enabled)
  "DD_CLUSTER_AGENT_TOKEN_NAME" (include "dca.eventsConfigMap" .)
  "DD_KUBE_APISERVER_CONTROL_PLANE_CHECKS" (toString .Values.controlPlaneChecks.enabled)
  "DD_LEADER_ELECTION_DEFAULT_RESOURCE" .Values.leaderElection.resource
  "DD_EXTERNAL_METRICS_PROVIDER_SERVICE_NAME" (include "dca.metricsService" .) -}}
{{- if include "dca.mountedCertificate" . }}
{{- $_ := set $settings "DD_EXTERNAL_METRICS_PROVIDER_CERTIFICATE_DIR" (include "dca.certificateFolder" .) }}
{{- else }}
{{- $_ := set $settings "DD_EXTERNAL_METRICS_PROVIDER_CERTIFICATE_SECRET" (include "dca.certificateSecret" .) }}
{{- end }}
{{- range $name, $value := $settings }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{- /* The only folder that can be written to: the token of commands in the pod is made there at the start. */ -}}
{{- define "dca.runFolder" -}}
/var/run/datadog-cluster-agent
{{- end -}}

{{- /* All variables; a name that comes twice is refused, as one of the two would silently win. */ -}}
{{- define "dca.env" -}}
{{- $own := include "dca.ownEnv" . | fromYamlArray -}}
{{- $given := list -}}
{{- range $name, $value := .Values.env -}}
{{- $given = append $given (dict "name" $name "value" (toString $value)) -}}
{{- end -}}
{{- $given = concat $given .Values.extraEnv -}}
{{- $names := list -}}
{{- range $own -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- range $given -}}
{{- if has .name $names -}}
{{- fail (printf "the variable %s comes twice among env, extraEnv and what the chart itself sets (see README.md of the chart)" .name) -}}
{{- end -}}
{{- $names = append $names .name -}}
{{- end -}}
{{- toYaml (concat $own $given) -}}
{{- end -}}
