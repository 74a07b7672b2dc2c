package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/metrics/pkg/apis/external_metrics"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider"
	"sigs.k8s.io/custom-metrics-apiserver/pkg/provider/defaults"
)

const refreshInterval = 30 * time.Second

// memory holds the metrics of one namespace, each with a single series, which is replaced from time to time as in a
// server that fetches its values elsewhere.
type memory struct {
	defaults.DefaultExternalMetricsProvider

	namespace string
	count     int

	lock   sync.RWMutex
	series map[string]external_metrics.ExternalMetricValue
}

func newMemory(namespace string, count int) *memory {
	m := &memory{namespace: namespace, count: count}
	m.refresh()
	return m
}

// GetExternalMetric returns the series of a metric that the selector admits, which may be none.
func (m *memory) GetExternalMetric(
	_ context.Context, namespace string, selector labels.Selector, info provider.ExternalMetricInfo,
) (*external_metrics.ExternalMetricValueList, error) {
	one, isKnown := m.find(namespace, info.Metric)
	if !isKnown {
		what := schema.GroupResource{Group: external_metrics.GroupName, Resource: "externalmetrics"}
		return nil, provider.NewMetricNotFoundError(what, info.Metric)
	}
	list := &external_metrics.ExternalMetricValueList{}
	if selector.Matches(labels.Set(one.MetricLabels)) {
		list.Items = append(list.Items, one)
	}
	return list, nil
}

func (m *memory) find(namespace, metric string) (external_metrics.ExternalMetricValue, bool) {
	if namespace != m.namespace {
		return external_metrics.ExternalMetricValue{}, false
	}
	m.lock.RLock()
	defer m.lock.RUnlock()
	one, isKnown := m.series[metric]
	return one, isKnown
}

// keepFresh refreshes until the context ends.
func (m *memory) keepFresh(ctx context.Context) {
	ticker := time.NewTicker(refreshInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			m.refresh()
		}
	}
}

// refresh makes all series anew before it takes the lock, so that readers never wait for the making.
func (m *memory) refresh() {
	now := metav1.Now()
	series := make(map[string]external_metrics.ExternalMetricValue, m.count)
	for i := range m.count {
		name := fmt.Sprintf("bench.queue_%d", i)
		series[name] = external_metrics.ExternalMetricValue{
			MetricName:   name,
			MetricLabels: map[string]string{"queue": fmt.Sprintf("q%d", i)},
			Timestamp:    now,
			Value:        *resource.NewQuantity(int64(i), resource.DecimalSI),
		}
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	m.series = series
}
