// An external metrics server on the library that most of them are built on, with values out of memory: what a user would
// otherwise run, and so what a measurement is compared with. Who asks and what they may is asked of a cluster, as the
// library does by default. SIGTERM ends it with code 0.
package main

import (
	"fmt"
	"net"
	"os"

	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/component-base/logs"
	"k8s.io/component-base/metrics/legacyregistry"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/apiserver/metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/cmd"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/cmd/options"
)

func main() {
	logs.InitLogs()
	defer logs.FlushLogs()
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		logs.FlushLogs()
		os.Exit(1)
	}
}

func run(arguments []string) error {
	adapter := &cmd.AdapterBase{
		Name:                              "peer",
		CustomMetricsAdapterServerOptions: options.NewCustomMetricsAdapterServerOptions(),
	}
	adapter.SecureServing.BindAddress = net.IPv4(127, 0, 0, 1)
	flags := adapter.Flags()
	namespace := flags.String("namespace", "bench", "namespace of the metrics")
	count := flags.Int("metrics", 1, "how many metrics there are")
	logs.AddFlags(flags)
	if err := flags.Parse(arguments); err != nil {
		return err
	}

	// Observed at each answer whether registered or not, as in other adapters.
	if err := metrics.RegisterMetrics(legacyregistry.Register); err != nil {
		return err
	}
	values := newMemory(*namespace, *count)
	adapter.WithExternalMetrics(values)
	ctx := genericapiserver.SetupSignalContext()
	go values.keepFresh(ctx)
	return adapter.Run(ctx)
}
