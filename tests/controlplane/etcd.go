package main

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// runEtcd serves one etcd member until SIGINT or SIGTERM. It takes the few flags of the real
// etcd that a control plane for tests needs, under their own names, so that a prebuilt etcd can
// stand in for it with the same command line.
func runEtcd() int {
	flags := flag.NewFlagSet("etcd", flag.ExitOnError)
	dataDir := flags.String("data-dir", "", "directory that holds the data")
	listenClient := flags.String("listen-client-urls", "http://127.0.0.1:2379", "URL to serve clients on")
	advertiseClient := flags.String("advertise-client-urls", "http://127.0.0.1:2379", "URL that clients are told")
	listenPeer := flags.String("listen-peer-urls", "http://127.0.0.1:0", "URL to serve peers on")
	noFsync := flags.Bool("unsafe-no-fsync", false, "do not wait for the disk: fast, and lost with the machine")
	_ = flags.Parse(os.Args[1:]) // ExitOnError: it never returns one.

	if err := serveEtcd(*dataDir, *listenClient, *advertiseClient, *listenPeer, *noFsync); err != nil {
		fmt.Fprintln(os.Stderr, "etcd:", err)
		return 1
	}
	return 0
}

func serveEtcd(dataDir, listenClient, advertiseClient, listenPeer string, noFsync bool) error {
	config := embed.NewConfig()
	config.Dir = dataDir
	config.UnsafeNoFsync = noFsync
	config.LogLevel = "warn"
	for _, given := range []struct {
		text string
		into *[]url.URL
	}{
		{listenClient, &config.ListenClientUrls},
		{advertiseClient, &config.AdvertiseClientUrls},
		{listenPeer, &config.ListenPeerUrls},
	} {
		parsed, err := url.Parse(given.text)
		if err != nil {
			return err
		}
		*given.into = []url.URL{*parsed}
	}

	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	server, err := embed.StartEtcd(config)
	if err != nil {
		return err
	}
	defer server.Close()
	select {
	case <-server.Server.ReadyNotify():
	case <-stop:
		return nil
	case <-time.After(time.Minute):
		return fmt.Errorf("not ready after a minute")
	}
	select {
	case <-stop:
		return nil
	case err := <-server.Err():
		return err
	}
}
