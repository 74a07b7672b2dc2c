{{- /* The mounted Secret; empty where the server makes its own. */ -}}
{{- define "dca.mountedCertificate" -}}
{{- if eq .Values.certificate.mode "existingSecret" -}}
{{- .Values.certificate.existingSecret.name -}}
{{- else if eq .Values.certificate.mode "certManager" -}}
{{- include "dca.fullname" . }}-tls
{{- end -}}
{{- end -}}

{{- /* Outside /etc/datadog-agent, where nothing can be mounted into the read-only settings. */ -}}
{{- define "dca.certificateFolder" -}}
/etc/datadog-agent-certificate
{{- end -}}

{{- /* Base64 of the PEM by which kube-apiserver verifies an existing Secret's certificate. */ -}}
{{- define "dca.caBundle" -}}
{{- with .Values.certificate.existingSecret -}}
{{- if .caBundle -}}
{{- .caBundle | trim | printf "%s\n" | b64enc -}}
{{- else -}}
{{- $secret := lookup "v1" "Secret" $.Release.Namespace .name | default dict -}}
{{- $ca := get (get $secret "data" | default dict) "ca.crt" -}}
{{- if not $ca -}}
{{- fail (printf "certificate.existingSecret.caBundle is empty, and no Secret %s/%s with a ca.crt can be read: kube-apiserver could not verify the server. Give the PEM of the authority in certificate.existingSecret.caBundle, or make the Secret first (helm template and --dry-run=client never read the cluster)." $.Release.Namespace .name) -}}
{{- end -}}
{{- $ca -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* The names that clients use; kube-apiserver verifies the first, and so do replicas when they ask each other. */ -}}
{{- define "dca.dnsNames" -}}
{{- $service := include "dca.metricsService" . -}}
{{- $agentService := include "dca.fullname" . -}}
- {{ $service }}.{{ .Release.Namespace }}.svc
- {{ $service }}
- {{ $service }}.{{ .Release.Namespace }}
- {{ $service }}.{{ .Release.Namespace }}.svc.cluster.local
- {{ $agentService }}.{{ .Release.Namespace }}.svc
- {{ $agentService }}.{{ .Release.Namespace }}.svc.cluster.local
{{- end -}}
