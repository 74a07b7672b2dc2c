// Definitions of foreign kinds, taken from their makers' own releases; nothing is compiled, so `go mod tidy` would empty this.
module control-plane-tools/crds

go 1.26.0

require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/prometheus-operator/prometheus-operator v0.85.0
)
