package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

type options struct {
	// Address is the server's, as in https://127.0.0.1:8443.
	Address string `json:"address"`
	// ServerName is what the server's certificate must be for.
	ServerName string `json:"serverName"`
	CaPem      string `json:"caPem"`
	// CertPem and KeyPem are the client's certificate, if it has one.
	CertPem string              `json:"certPem"`
	KeyPem  string              `json:"keyPem"`
	Headers map[string][]string `json:"headers"`
	Targets []target            `json:"targets"`
	// Protocol is h2 or h1.
	Protocol    string `json:"protocol"`
	Connections int    `json:"connections"`
	// Streams is how many requests are in flight in total; with h1 it is the number of connections, whatever is given.
	Streams       int     `json:"streams"`
	WarmupSeconds float64 `json:"warmupSeconds"`
	Seconds       float64 `json:"seconds"`
}

type target struct {
	Path string `json:"path"`
	// Expect is what a right answer's body contains.
	Expect string `json:"expect"`
}

func readOptions(input io.Reader) (options, error) {
	var given options
	decoder := json.NewDecoder(input)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&given); err != nil {
		return options{}, fmt.Errorf("options: %w", err)
	}
	if given.Protocol == "h1" {
		given.Streams = given.Connections
	}
	return given, given.check()
}

func (o options) check() error {
	switch {
	case o.Protocol != "h2" && o.Protocol != "h1":
		return fmt.Errorf("protocol is neither h2 nor h1: %q", o.Protocol)
	case len(o.Targets) == 0:
		return errors.New("there are no targets")
	case o.Connections < 1 || o.Streams < o.Connections:
		return errors.New("connections must be at least 1, and streams at least as many as connections")
	case o.Seconds <= 0 || o.WarmupSeconds < 0:
		return errors.New("seconds must be above 0, and warmupSeconds not below")
	case (o.CertPem == "") != (o.KeyPem == ""):
		return errors.New("certPem and keyPem go together")
	}
	return nil
}

func (o options) warmup() time.Duration {
	return time.Duration(o.WarmupSeconds * float64(time.Second))
}

func (o options) measured() time.Duration {
	return time.Duration(o.Seconds * float64(time.Second))
}
