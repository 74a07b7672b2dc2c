package main

import (
	"math"
	"syscall"
	"time"
)

type result struct {
	Requests          int      `json:"requests"`
	Wrong             int      `json:"wrong"`
	WrongExamples     []string `json:"wrongExamples"`
	ConnectionsOpened int64    `json:"connectionsOpened"`
	// Seconds is how long the measured part took, until its last answer.
	Seconds          float64   `json:"seconds"`
	PerSecond        float64   `json:"perSecond"`
	LatencyMicros    quantiles `json:"latencyMicros"`
	LoaderCPUSeconds float64   `json:"loaderCpuSeconds"`
	StartedAtUnixMs  int64     `json:"startedAtUnixMs"`
	EndedAtUnixMs    int64     `json:"endedAtUnixMs"`
}

type quantiles struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
	Max  float64 `json:"max"`
}

// span is the measured part as a whole, with the connections opened until its end.
type span struct {
	began, ended time.Time
	cpu          time.Duration
	opened       int64
}

// quantilesOf is exact: each is a latency that occurred.
func quantilesOf(sorted []time.Duration) quantiles {
	at := func(share float64) float64 {
		if len(sorted) == 0 {
			return 0
		}
		rank := int(math.Ceil(share * float64(len(sorted))))
		return float64(sorted[max(rank, 1)-1].Nanoseconds()) / 1000
	}
	return quantiles{P50: at(0.5), P90: at(0.9), P99: at(0.99), P999: at(0.999), Max: at(1)}
}

// cpuTime is what this process has used of the processors so far, in user and kernel mode.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err) // impossible for the process itself
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
