// The load client: sockets that count and check what they get, and producers that post. Compiled, so that it is lighter
// than what it measures; only Go's standard library. `load control` takes orders as JSON lines on standard input and
// tells its counts twenty times a second; `load run` does one measurement by its flags and prints one JSON result.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
	"time"
)

const statusEvery = 50 * time.Millisecond

// An order line holds one of these.
type order struct {
	Sockets *SocketOrder `json:"sockets"`
	Posts   *PostOrder   `json:"posts"`
	Drop    *struct{}    `json:"drop"`
	Reopen  *ReopenOrder `json:"reopen"`
	Ack     *AckOrder    `json:"ack"`
	Reset   *struct{}    `json:"reset"`
}

func main() {
	debug.SetGCPercent(400)
	raiseFileLimit()
	mode := "help"
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	switch mode {
	case "control":
		control()
	case "run":
		os.Exit(runByFlags(os.Args[2:]))
	default:
		fmt.Fprintln(os.Stderr, "usage: load control < orders | load run -help")
		os.Exit(2)
	}
}

func control() {
	load, err := newLoad()
	if err != nil {
		fail(err)
	}
	go report(load)
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := input.ReadBytes('\n')
		if err != nil {
			return // whoever gave the orders is gone
		}
		var next order
		if err = json.Unmarshal(line, &next); err != nil {
			fail(err)
		}
		if err = load.obey(&next); err != nil {
			fail(err)
		}
	}
}

func report(load *Load) {
	output := json.NewEncoder(os.Stdout)
	for range time.Tick(statusEvery) {
		_ = output.Encode(load.status())
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "load:", err)
	os.Exit(1)
}
