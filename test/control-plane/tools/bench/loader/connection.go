package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"

	"golang.org/x/net/http2"
)

// connector makes connections of one protocol to one server, and counts those that it opened.
type connector struct {
	// host is the server's, with its port.
	host   string
	tls    *tls.Config
	opened atomic.Int64
}

func newConnector(given options) (*connector, error) {
	address, err := url.Parse(given.Address)
	if err != nil || address.Scheme != "https" || address.Port() == "" {
		return nil, fmt.Errorf("address is not https with a port: %q", given.Address)
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM([]byte(given.CaPem)) {
		return nil, errors.New("caPem holds no certificate")
	}
	config := &tls.Config{ServerName: given.ServerName, RootCAs: authorities, NextProtos: []string{"http/1.1"}}
	if given.Protocol == "h2" {
		config.NextProtos = []string{http2.NextProtoTLS}
	}
	if given.CertPem != "" {
		certificate, err := tls.X509KeyPair([]byte(given.CertPem), []byte(given.KeyPem))
		if err != nil {
			return nil, fmt.Errorf("certPem and keyPem: %w", err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	return &connector{host: address.Host, tls: config}, nil
}

// connect returns what sends requests over so many connections; each is opened by its first request, and again only after
// it broke.
func (c *connector) connect(count int) *rotation {
	if !c.isHttp2() {
		return &rotation{connections: []http.RoundTripper{&http.Transport{
			DialTLSContext:      c.dial,
			DisableCompression:  true,
			MaxConnsPerHost:     count,
			MaxIdleConnsPerHost: count,
		}}}
	}
	connections := make([]http.RoundTripper, count)
	for i := range connections {
		connections[i] = newMultiplexed(c)
	}
	return &rotation{connections: connections}
}

func (c *connector) isHttp2() bool {
	return c.tls.NextProtos[0] == http2.NextProtoTLS
}

// dial connects to the server, whatever http.Transport says of where.
func (c *connector) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	plain, err := new(net.Dialer).DialContext(ctx, "tcp", c.host)
	if err != nil {
		return nil, err
	}
	c.opened.Add(1)
	secure := tls.Client(plain, c.tls)
	if err := secure.HandshakeContext(ctx); err != nil {
		plain.Close()
		return nil, err
	}
	if spoken := secure.ConnectionState().NegotiatedProtocol; c.isHttp2() && spoken != http2.NextProtoTLS {
		plain.Close()
		return nil, fmt.Errorf("the server does not speak HTTP/2 but %q", spoken)
	}
	return secure, nil
}
