{{- /* A file of deploy/kustomize or deploy/policies, which `make manifests` copies, for the namespace of the release. Call it with (list . "name.yaml"). */ -}}
{{- define "file" -}}
{{- $release := (index . 0).Release -}}
{{- (index . 0).Files.Get (print "files/" (index . 1)) | replace "dataset-operator-system" $release.Namespace -}}
{{- end -}}

{{- /* The settings as the data of the ConfigMap. */ -}}
{{- define "settings" -}}
{{- range $flag, $value := .Values.settings }}
DATASET_OPERATOR_{{ $flag | upper | replace "-" "_" }}: {{ $value | quote }}
{{- end }}
{{- with .Values.namespaces }}
DATASET_OPERATOR_NAMESPACES: {{ join "," . | quote }}
{{- end }}
{{- if not .Values.leaderElection.enabled }}
DATASET_OPERATOR_LEADER_ELECT: "false"
{{- end }}
{{- with .Values.rrsa }}
{{- if .enabled }}
ALIBABA_CLOUD_OIDC_PROVIDER_ARN: {{ .oidcProviderArn | quote }}
ALIBABA_CLOUD_OIDC_TOKEN_FILE: /var/run/secrets/rrsa/token
ALIBABA_CLOUD_ROLE_ARN: {{ .roleArn | quote }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* The hash in the name restarts the operator when a setting changes. */ -}}
{{- define "settings.name" -}}
dataset-operator-settings-{{ include "settings" . | sha256sum | trunc 10 }}
{{- end -}}
