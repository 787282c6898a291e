package main

import "sync/atomic"

// Receipts is what all sockets together have seen. Every message's place is checked against the one before it.
type Receipts struct {
	open      atomic.Int64
	received  atomic.Int64
	bytes     atomic.Int64
	skipped   atomic.Int64
	misplaced atomic.Int64
	gaps      atomic.Int64
	failed    atomic.Int64
	retries   atomic.Int64
	acks      atomic.Int64
	lastAt    atomic.Int64
	openedAt  atomic.Int64
	latency   Histogram
}

// reset forgets all but what is open now.
func (r *Receipts) reset() {
	for _, count := range []*atomic.Int64{
		&r.received, &r.bytes, &r.skipped, &r.misplaced, &r.gaps, &r.failed, &r.retries, &r.acks, &r.lastAt, &r.openedAt,
	} {
		count.Store(0)
	}
	r.latency.Reset()
}
