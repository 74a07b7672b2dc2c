package main

import (
	"net/http"
	"sync/atomic"
	"time"
)

// A server that is not there shall not be asked thousands of times a second.
const pauseAfterError = 10 * time.Millisecond

// rotation sends each request over the next of its connections.
type rotation struct {
	connections []http.RoundTripper
	sent        atomic.Uint64
}

func (r *rotation) RoundTrip(request *http.Request) (*http.Response, error) {
	// Vegeta's number of the request, which no real client sends: it would push all else out of HPACK's table.
	delete(request.Header, "X-Vegeta-Seq")
	turn := r.sent.Add(1) % uint64(len(r.connections))
	response, err := r.connections[turn].RoundTrip(request)
	if err != nil {
		time.Sleep(pauseAfterError)
	}
	return response, err
}
