{{- define "dca.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- /* 50 characters leave room for the endings of all names below. */ -}}
{{- define "dca.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- /* Cluster-wide objects and those of kube-system: releases of one name in two namespaces must not meet. */ -}}
{{- define "dca.clusterName" -}}
{{- $full := include "dca.fullname" . -}}
{{- ternary $full (printf "%s:%s" .Release.Namespace $full) (eq .Values.names.scheme "fixed") -}}
{{- end -}}

{{- define "dca.selectorLabels" -}}
app.kubernetes.io/name: {{ include "dca.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "dca.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{ include "dca.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "dca.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}

{{- define "dca.serviceAccount" -}}
{{- default (ternary (include "dca.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end -}}

{{- /* One of the names that the replicas share: (list $ own fixed ending). */ -}}
{{- define "dca.sharedName" -}}
{{- $root := index . 0 -}}
{{- $byScheme := ternary (index . 2) (printf "%s-%s" (include "dca.fullname" $root) (index . 3)) (eq $root.Values.names.scheme "fixed") -}}
{{- default $byScheme (index . 1) -}}
{{- end -}}

{{- define "dca.metricsConfigMap" -}}
{{- include "dca.sharedName" (list $ .Values.names.metricsConfigMap "datadog-custom-metrics" "metrics") -}}
{{- end -}}

{{- define "dca.lease" -}}
{{- include "dca.sharedName" (list $ .Values.names.lease "datadog-leader-election" "leader") -}}
{{- end -}}

{{- define "dca.certificateSecret" -}}
{{- include "dca.sharedName" (list $ .Values.names.certificateSecret "datadog-custom-metrics-server-cert" "cert") -}}
{{- end -}}

{{- define "dca.metricsService" -}}
{{- include "dca.sharedName" (list $ .Values.names.metricsService "datadog-custom-metrics-server" "api") -}}
{{- end -}}

{{- define "dca.tokenSecret" -}}
{{- $own := include "dca.sharedName" (list $ .Values.names.tokenSecret "datadog-auth-token" "token") -}}
{{- default $own .Values.clusterAgent.token.existingSecret -}}
{{- end -}}

{{- define "dca.eventsConfigMap" -}}
{{- include "dca.sharedName" (list $ .Values.names.eventsConfigMap "datadogtoken" "events") -}}
{{- end -}}

{{- define "dca.keysSecret" -}}
{{- if .Values.datadog.apiKey -}}
{{- include "dca.fullname" . }}-keys
{{- else -}}
{{- default "datadog-keys" .Values.datadog.existingSecret -}}
{{- end -}}
{{- end -}}

{{- define "dca.configName" -}}
{{- include "dca.fullname" . }}-config
{{- end -}}

{{- define "dca.subject" -}}
- kind: ServiceAccount
  name: {{ include "dca.serviceAccount" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}
