package main

import (
	"net/http"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// load runs the whole load and says what came of it.
func load(given options) (result, error) {
	connector, err := newConnector(given)
	if err != nil {
		return result{}, err
	}
	attacker := vegeta.NewAttacker(
		// Without a timeout, which would cost a timer per request: main gives up on all at once.
		vegeta.Client(&http.Client{Transport: connector.connect(given.Connections)}),
		vegeta.Workers(uint64(given.Streams)),
		vegeta.MaxWorkers(uint64(given.Streams)),
		vegeta.Redirects(vegeta.NoFollow),
	)
	counts := newTally(given)
	began := time.Now().Add(given.warmup())
	cpuBefore := make(chan time.Duration, 1)
	time.AfterFunc(given.warmup(), func() { cpuBefore <- cpuTime() })

	// A rate of zero is no pacing: whichever worker is free asks.
	duration := given.warmup() + given.measured()
	for one := range attacker.Attack(targeterOf(given), vegeta.Rate{}, duration, "") {
		// What began before the measured part is not counted.
		if !one.Timestamp.Before(began) {
			counts.add(one)
		}
	}
	return counts.summarize(span{
		began:  began,
		ended:  time.Now(),
		cpu:    cpuTime() - <-cpuBefore,
		opened: connector.opened.Load(),
	}), nil
}

// targeterOf returns what hands out the targets in turn, again and again.
func targeterOf(given options) vegeta.Targeter {
	headers := make(http.Header)
	for name, values := range given.Headers {
		for _, value := range values {
			headers.Add(name, value)
		}
	}
	targets := make([]vegeta.Target, 0, len(given.Targets))
	for _, one := range given.Targets {
		targets = append(targets, vegeta.Target{Method: http.MethodGet, URL: given.Address + one.Path, Header: headers})
	}
	return vegeta.NewStaticTargeter(targets...)
}
