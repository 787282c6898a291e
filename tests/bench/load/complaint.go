package main

import (
	"fmt"
	"os"
	"sync"
	"syscall"
)

const complaintsShown = 20

var complaints struct {
	mutex sync.Mutex
	count int
	last  string
}

// complain keeps the last complaint and prints the first ones: thousands of sockets fail alike.
func complain(format string, values ...any) {
	complaints.mutex.Lock()
	defer complaints.mutex.Unlock()
	complaints.last = fmt.Sprintf(format, values...)
	complaints.count++
	if complaints.count <= complaintsShown {
		fmt.Fprintln(os.Stderr, "load:", complaints.last)
	}
}

func lastError() string {
	complaints.mutex.Lock()
	defer complaints.mutex.Unlock()
	return complaints.last
}

// raiseFileLimit takes all that the kernel gives us without asking.
func raiseFileLimit() {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		limit.Cur = limit.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) // what is missing shows when a socket cannot be opened
	}
}
