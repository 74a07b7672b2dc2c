// A closed-loop load generator on vegeta that presents a client certificate: as many requests are in flight as there are
// streams, the next as soon as one was answered. Its options are JSON on standard input, its result is JSON on standard
// output.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

// An answer that takes longer than this after the end is not waited for.
const patience = 30 * time.Second

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	given, err := readOptions(os.Stdin)
	if err != nil {
		return err
	}
	frugal()
	time.AfterFunc(given.warmup()+given.measured()+patience, giveUp)
	outcome, err := load(given)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(outcome)
}

// frugal leaves as much of the machine as it can to the server that is measured: one processor makes fewer wakeups per
// request, and what is kept is so little that rare collecting costs no memory to speak of.
func frugal() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(1)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(800)
	}
}

// giveUp ends a load whose server no longer answers.
func giveUp() {
	fmt.Fprintf(os.Stderr, "requests are still unanswered %v after the end\n", patience)
	os.Exit(1)
}
