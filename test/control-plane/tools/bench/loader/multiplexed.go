package main

import (
	"context"
	"net/http"
	"sync"

	"golang.org/x/net/http2"
)

// multiplexed is one connection of HTTP/2 for all requests. The pool of http2.Transport would reserve a stream for each
// request before it waits for one, and so wait for ever where more are asked for at first than the server allows.
type multiplexed struct {
	connector *connector
	transport *http2.Transport

	lock    sync.Mutex
	current *http2.ClientConn
}

func newMultiplexed(connector *connector) *multiplexed {
	return &multiplexed{
		connector: connector,
		// Requests beyond what the server allows at once wait for their turn.
		transport: &http2.Transport{DisableCompression: true, StrictMaxConcurrentStreams: true},
	}
}

func (m *multiplexed) RoundTrip(request *http.Request) (*http.Response, error) {
	connection, err := m.usable(request.Context())
	if err != nil {
		return nil, err
	}
	return connection.RoundTrip(request)
}

// usable opens the connection at the first request, and anew where it broke.
func (m *multiplexed) usable(ctx context.Context) (*http2.ClientConn, error) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.current != nil && m.current.CanTakeNewRequest() {
		return m.current, nil
	}
	secure, err := m.connector.dial(ctx, "", "")
	if err != nil {
		return nil, err
	}
	opened, err := m.transport.NewClientConn(secure)
	if err != nil {
		secure.Close()
		return nil, err
	}
	m.current = opened
	return opened, nil
}
