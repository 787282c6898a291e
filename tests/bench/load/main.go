// The load client of the benchmarks: sockets that count and check what they get, and a producer that posts. Compiled, so
// that it is lighter than what it measures. Orders come as JSON lines on standard input, counts go out ten times a second.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"time"
)

var logTo io.Writer = os.Stderr

type order struct {
	Sockets *SocketOrder `json:"sockets"`
	Posts   *PostOrder   `json:"posts"`
}

type status struct {
	Open      int64 `json:"open"`
	Received  int64 `json:"received"`
	Misplaced int64 `json:"misplaced"`
	Failed    int64 `json:"failed"`
	Accepted  int64 `json:"accepted"`
	Refused   int64 `json:"refused"`
	P50       int   `json:"p50Ms"`
	P99       int   `json:"p99Ms"`
}

func main() {
	var receipts Receipts
	var posted Posted
	go report(&receipts, &posted)
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := input.ReadBytes('\n')
		if err != nil {
			return // whoever gave the orders is gone
		}
		var next order
		if err = json.Unmarshal(line, &next); err != nil {
			panic(err)
		}
		if next.Sockets != nil {
			runSockets(next.Sockets, &receipts)
		}
		if next.Posts != nil {
			go runPosts(next.Posts, &posted)
		}
	}
}

func report(receipts *Receipts, posted *Posted) {
	output := json.NewEncoder(os.Stdout)
	for range time.Tick(100 * time.Millisecond) {
		quantiles := receipts.latency.Quantiles(0.5, 0.99)
		_ = output.Encode(status{
			Open:      receipts.open.Load(),
			Received:  receipts.received.Load(),
			Misplaced: receipts.misplaced.Load(),
			Failed:    receipts.failed.Load(),
			Accepted:  posted.accepted.Load(),
			Refused:   posted.refused.Load(),
			P50:       quantiles[0],
			P99:       quantiles[1],
		})
	}
}
