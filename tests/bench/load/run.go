package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"syscall"
	"time"
)

const (
	lookEvery = 50 * time.Millisecond
	sayEvery  = 2 * time.Second
)

// Result is what `load run` prints: one JSON object on standard output.
type Result struct {
	Sockets       int     `json:"sockets"`
	Messages      int     `json:"messages"`
	Batch         int     `json:"batch"`
	Target        string  `json:"target"`
	OpenSeconds   float64 `json:"openSeconds"`
	Seconds       float64 `json:"seconds"`
	PerSecond     float64 `json:"perSecond"`
	ClientMicros  float64 `json:"clientCpuMicrosPerMessage"`
	ExpectedCount int64   `json:"expected"`
	Status
}

type runFlags struct {
	sockets  SocketOrder
	posts    PostOrder
	topic    string
	timeout  time.Duration
	expected int64
}

// runByFlags is one measurement from outside: open, post, wait until all has arrived. Returns the exit code:
// 0 all arrived in its place, 1 not, 2 usage, 4 unreachable.
func runByFlags(args []string) int {
	flags, err := parse(args)
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "load:", err)
		}
		return 2
	}
	load, err := newLoad()
	if err != nil {
		fail(err)
	}
	began := time.Now()
	if err = load.obey(&order{Sockets: &flags.sockets}); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		return 4
	}
	isOpen := func(now Status) bool { return now.Open == int64(flags.sockets.Count) }
	if !load.wait(flags.timeout, "opening", isOpen) {
		return 4
	}
	result := Result{
		Sockets: flags.sockets.Count, Messages: flags.posts.Messages, Batch: flags.posts.Batch,
		Target: flags.posts.Target, OpenSeconds: time.Since(began).Seconds(), ExpectedCount: flags.expected,
	}
	cpu := cpuTime()
	_ = load.obey(&order{Posts: &flags.posts})
	isDone := func(now Status) bool { return now.Received >= flags.expected && now.Posting == 0 }
	allCame := load.wait(flags.timeout, "delivering", isDone)
	result.Status = load.status()
	result.Seconds = float64(result.LastAt-result.PostedAt) / 1e6
	result.PerSecond = float64(result.Received) / result.Seconds
	result.ClientMicros = float64((cpuTime() - cpu).Microseconds()) / float64(max(result.Received, 1))
	_ = json.NewEncoder(os.Stdout).Encode(result)
	if !allCame || result.Misplaced > 0 || result.Failed > 0 {
		return 1
	}
	return 0
}

func parse(args []string) (*runFlags, error) {
	f := &runFlags{}
	set := flag.NewFlagSet("load run", flag.ContinueOnError)
	set.StringVar(&f.sockets.URL, "push", "ws://127.0.0.1:8080/v1/connect", "address of the sockets")
	set.StringVar(&f.sockets.AuthURL, "auth", "http://127.0.0.1:8080", "address of Auth")
	set.StringVar(&f.posts.URL, "collect", "http://127.0.0.1:8080", "address of Collect")
	set.IntVar(&f.sockets.Count, "sockets", 100, "sockets to open, each of a user of its own")
	set.StringVar(&f.topic, "topic", "", "post to this topic, followed by all sockets, instead of user by user")
	set.BoolVar(&f.sockets.Ephemeral, "ephemeral", false, "open the sockets without a device")
	set.IntVar(&f.sockets.AckEvery, "ack-every", 16, "acknowledge after so many messages")
	set.IntVar(&f.sockets.AckMs, "ack-ms", 100, "acknowledge after so many milliseconds")
	set.IntVar(&f.posts.Messages, "messages", 10_000, "messages to post")
	set.IntVar(&f.posts.Batch, "batch", 100, "messages per request")
	set.IntVar(&f.posts.Workers, "producers", 4, "requests at once")
	set.IntVar(&f.posts.PerSecond, "rate", 0, "messages per second; 0: as fast as they are taken")
	set.DurationVar(&f.timeout, "timeout", time.Minute, "for opening, and again for delivering")
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	key := os.Getenv("CARILLON_KEY")
	if key == "" {
		return nil, errors.New("put an API key into CARILLON_KEY")
	}
	if f.posts.Batch < 1 || f.posts.Messages%f.posts.Batch != 0 {
		return nil, errors.New("-messages must be a multiple of -batch")
	}
	f.sockets.Mode, f.sockets.Key, f.posts.Key = modeCarillon, key, key
	f.posts.Users, f.expected = f.sockets.Count, int64(f.posts.Messages)
	if f.topic != "" {
		f.sockets.Topics, f.posts.Target = []string{f.topic}, "topic:"+f.topic
		f.expected *= int64(f.sockets.Count)
	}
	return f, nil
}

// wait says on standard error how far it is, and whether it came to fit in time.
func (l *Load) wait(timeout time.Duration, what string, fits func(Status) bool) bool {
	began, said := time.Now(), time.Now()
	for {
		now := l.status()
		if fits(now) {
			return true
		}
		if time.Since(began) > timeout {
			fmt.Fprintf(os.Stderr, "load: %s took more than %v: %+v\n", what, timeout, now)
			return false
		}
		if time.Since(said) > sayEvery {
			said = time.Now()
			fmt.Fprintf(os.Stderr, "load: %s: %d open, %d accepted, %d received\n", what, now.Open, now.Accepted, now.Received)
		}
		time.Sleep(lookEvery)
	}
}

func cpuTime() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
