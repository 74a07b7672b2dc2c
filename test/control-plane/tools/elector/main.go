// The elector of client-go, as a program: what other replicas of a cluster run. It says on its standard output when it
// begins and ceases to lead, one line each, with the time in milliseconds since the epoch. SIGTERM makes it release the
// lock and end with code 0.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

func main() {
	kubeconfig := flag.String("kubeconfig", "", "path of the kubeconfig")
	namespace := flag.String("namespace", "", "namespace of the lock")
	name := flag.String("name", "", "name of the lock")
	identity := flag.String("identity", "", "who this elector is")
	kind := flag.String("lock", resourcelock.LeasesResourceLock, "kind of the lock, as client-go calls it")
	lease := flag.Duration("lease", 6*time.Second, "duration of the lease")
	renew := flag.Duration("renew", 4*time.Second, "how long a renewal is tried")
	retry := flag.Duration("retry", time.Second, "time between two tries")
	flag.Parse()

	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		fail(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		fail(err)
	}
	lock, err := resourcelock.New(*kind, *namespace, *name, client.CoreV1(), client.CoordinationV1(),
		resourcelock.ResourceLockConfig{Identity: *identity})
	if err != nil {
		fail(err)
	}

	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	go func() {
		<-ended
		// As client-go demands, leader-only work ends before the release that cancelling brings.
		say("does not lead")
		cancel()
	}()
	elector := leaderelection.LeaderElectionConfig{
		Lock:            lock,
		LeaseDuration:   *lease,
		RenewDeadline:   *renew,
		RetryPeriod:     *retry,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { say("leads") },
			OnStoppedLeading: func() { say("does not lead") },
		},
	}
	fmt.Printf("%d candidate\n", time.Now().UnixMilli())
	// An elector that lost the lead ends; this program stands for one whose pod is then restarted.
	for ctx.Err() == nil {
		leaderelection.RunOrDie(ctx, elector)
	}
}

func say(what string) {
	fmt.Printf("%d %s\n", time.Now().UnixMilli(), what)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
