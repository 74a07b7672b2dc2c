package main

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

const (
	// Enough to show what went wrong.
	maxExamples   = 5
	exampleLength = 200
)

// tally judges answers and counts them.
type tally struct {
	// expected is what the body of a right answer contains, by URL.
	expected  map[string][]byte
	latencies []time.Duration
	wrong     int
	examples  []string
}

func newTally(given options) *tally {
	expected := make(map[string][]byte, len(given.Targets))
	for _, one := range given.Targets {
		expected[given.Address+one.Path] = []byte(one.Expect)
	}
	return &tally{expected: expected, examples: []string{}}
}

func (t *tally) add(answer *vegeta.Result) {
	t.latencies = append(t.latencies, answer.Latency)
	if answer.Code == http.StatusOK && bytes.Contains(answer.Body, t.expected[answer.URL]) {
		return
	}
	t.wrong++
	if len(t.examples) < maxExamples {
		t.examples = append(t.examples, exampleOf(answer))
	}
}

func exampleOf(answer *vegeta.Result) string {
	if answer.Code == 0 {
		return "no answer: " + answer.Error
	}
	return fmt.Sprintf("%d %s", answer.Code, answer.Body[:min(len(answer.Body), exampleLength)])
}

func (t *tally) summarize(measured span) result {
	slices.Sort(t.latencies)
	seconds := measured.ended.Sub(measured.began).Seconds()
	return result{
		Requests:          len(t.latencies),
		Wrong:             t.wrong,
		WrongExamples:     t.examples,
		ConnectionsOpened: measured.opened,
		Seconds:           seconds,
		PerSecond:         float64(len(t.latencies)) / seconds,
		LatencyMicros:     quantilesOf(t.latencies),
		LoaderCPUSeconds:  measured.cpu.Seconds(),
		StartedAtUnixMs:   measured.began.UnixMilli(),
		EndedAtUnixMs:     measured.ended.UnixMilli(),
	}
}
