/**
 * Templates that receivers use where nothing else is said. They have the names of Alertmanager's, so that files which
 * call those work, and show what ours know: cause and reach.
 */
export const defaultTemplates = `
{{ define "__alertmanager" }}nova-agent{{ end }}
{{ define "__alertmanagerURL" }}{{ .ExternalURL }}{{ end }}

{{ define "__subject" }}[{{ .Status | toUpper }}{{ if eq .Status "firing" }}:{{ .Alerts.Firing | len }}{{ end }}] {{ .GroupLabels.SortedPairs.Values | join " " }} {{ if gt (len .CommonLabels) (len .GroupLabels) }}({{ with .CommonLabels.Remove .GroupLabels.Names }}{{ .Values | join " " }}{{ end }}){{ end }}{{ end }}
{{ define "__description" }}{{ end }}

{{ define "nova.what" }}
{{- if .Annotations.summary }}{{ .Annotations.summary }}
{{- else if .Annotations.description }}{{ .Annotations.description }}
{{- else }}{{ .Labels.alertname }}{{ end }}
{{- end }}

{{ define "nova.alert" }}{{ template "nova.what" . }}
{{- with .Annotations.cause }}
Cause: {{ . }}{{ end }}
{{- with .Annotations.reach }}
Reach: {{ . }}{{ end }}
{{- end }}

{{ define "__text_alert_list" }}{{ range . }}{{ template "nova.alert" . }}
Labels:
{{ range .Labels.SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}{{ with .Annotations.Remove (stringSlice "cause" "reach" "summary") }}Annotations:
{{ range .SortedPairs }} - {{ .Name }} = {{ .Value }}
{{ end }}{{ end }}{{ with .GeneratorURL }}Source: {{ . }}
{{ end }}
{{ end }}{{ end }}
{{ define "__text_alert_list_markdown" }}{{ range . }}**{{ template "nova.what" . }}**
{{ range .Labels.SortedPairs }}- {{ .Name }} = {{ .Value }}
{{ end }}{{ with .Annotations.cause }}- Cause: {{ . }}
{{ end }}{{ with .Annotations.reach }}- Reach: {{ . }}
{{ end }}
{{ end }}{{ end }}

{{ define "slack.default.title" }}{{ template "__subject" . }}{{ end }}
{{ define "slack.default.username" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "slack.default.fallback" }}{{ template "slack.default.title" . }} | {{ template "slack.default.titlelink" . }}{{ end }}
{{ define "slack.default.callbackid" }}{{ end }}
{{ define "slack.default.pretext" }}{{ end }}
{{ define "slack.default.titlelink" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "slack.default.iconemoji" }}{{ end }}
{{ define "slack.default.iconurl" }}{{ end }}
{{ define "slack.default.footer" }}{{ end }}
{{ define "slack.default.text" }}
{{- range .Alerts.Firing }}{{ template "nova.alert" . }}
{{ end }}
{{- range .Alerts.Resolved }}Resolved: {{ template "nova.what" . }}
{{ end }}
{{- end }}

{{ define "pagerduty.default.description" }}{{ template "__subject" . }}{{ end }}
{{ define "pagerduty.default.client" }}{{ template "__alertmanager" . }}{{ end }}
{{ define "pagerduty.default.clientURL" }}{{ template "__alertmanagerURL" . }}{{ end }}
{{ define "pagerduty.default.instances" }}{{ template "__text_alert_list" . }}{{ end }}

{{ define "email.default.subject" }}{{ template "__subject" . }}{{ end }}
{{ define "nova.email.alert" }}
<tr><td style="padding: 12px 0; border-top: 1px solid #ddd">
<b>{{ template "nova.what" . }}</b>
{{ with .Annotations.cause }}<br>Cause: {{ . }}{{ end }}
{{ with .Annotations.reach }}<br>Reach: {{ . }}{{ end }}
<br>Since {{ .StartsAt.Format "2006-01-02 15:04:05 MST" }}{{ if eq .Status "resolved" }}, until {{ .EndsAt.Format "2006-01-02 15:04:05 MST" }}{{ end }}
<p style="color: #555">{{ range .Labels.SortedPairs }}{{ .Name }} = {{ .Value }}<br>{{ end }}
{{ range (.Annotations.Remove (stringSlice "cause" "reach" "summary")).SortedPairs }}{{ .Name }}: {{ .Value }}<br>{{ end }}</p>
{{ with .GeneratorURL }}<a href="{{ . }}">Source</a>{{ end }}
</td></tr>
{{ end }}
{{ define "email.default.html" }}<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{{ template "__subject" . }}</title></head>
<body style="font-family: Helvetica, Arial, sans-serif; font-size: 14px; line-height: 1.4; color: #222">
<table width="600" cellpadding="0" cellspacing="0" style="max-width: 600px; margin: 0 auto">
<tr><td style="padding: 12px; color: #fff; background-color: {{ if eq .Status "firing" }}#c0392b{{ else }}#27813f{{ end }}">
{{ .Alerts | len }} alert{{ if gt (len .Alerts) 1 }}s{{ end }} for {{ range .GroupLabels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}
</td></tr>
{{ if gt (len .Alerts.Firing) 0 }}<tr><td style="padding-top: 12px"><b>[{{ .Alerts.Firing | len }}] Firing</b></td></tr>
{{ range .Alerts.Firing }}{{ template "nova.email.alert" . }}{{ end }}{{ end }}
{{ if gt (len .Alerts.Resolved) 0 }}<tr><td style="padding-top: 12px"><b>[{{ .Alerts.Resolved | len }}] Resolved</b></td></tr>
{{ range .Alerts.Resolved }}{{ template "nova.email.alert" . }}{{ end }}{{ end }}
{{ with .ExternalURL }}<tr><td style="padding: 12px 0"><a href="{{ . }}">View in {{ template "__alertmanager" . }}</a></td></tr>{{ end }}
</table>
</body>
</html>
{{ end }}
`;
