package main

import (
	"errors"
	"sync/atomic"
)

// Load is all that one client process does: one loop of sockets, any number of posts at once.
type Load struct {
	loop     *Loop
	receipts *Receipts
	posted   *Posted
	ledger   *Ledger
	tokens   *Tokens
	heardOf  atomic.Int64
}

// Status is what was counted since the last reset; `open` is what is open now. Times of day in microseconds.
type Status struct {
	// Orders that were taken, so that an answer can be told from one that was on its way.
	Orders    int64  `json:"orders"`
	Open      int64  `json:"open"`
	Received  int64  `json:"received"`
	Bytes     int64  `json:"bytes"`
	Skipped   int64  `json:"skipped"`
	Misplaced int64  `json:"misplaced"`
	Gaps      int64  `json:"gaps"`
	Failed    int64  `json:"failed"`
	Retries   int64  `json:"retries"`
	Acks      int64  `json:"acks"`
	Accepted  int64  `json:"accepted"`
	Refused   int64  `json:"refused"`
	Bare      int64  `json:"refusedWithoutRetryAfter"`
	Other     int64  `json:"otherAnswers"`
	Broken    int64  `json:"brokenRequests"`
	Unsent    int64  `json:"unsent"`
	Posting   int64  `json:"posting"`
	Missing   int64  `json:"missing"`
	PostedAt  int64  `json:"firstPostUs"`
	LastAt    int64  `json:"lastReceivedUs"`
	OpenedAt  int64  `json:"lastOpenUs"`
	AnswerAt  int64  `json:"lastAnswerUs"`
	Delivery  Spread `json:"delivery"`
	Answer    Spread `json:"answer"`
	LastError string `json:"lastError,omitempty"`
}

func newLoad() (*Load, error) {
	receipts, ledger, tokens := &Receipts{}, &Ledger{}, newTokens()
	loop, err := newLoop(receipts, ledger, tokens)
	if err != nil {
		return nil, err
	}
	go loop.run()
	return &Load{loop: loop, receipts: receipts, posted: newPosted(), ledger: ledger, tokens: tokens}, nil
}

func (l *Load) obey(next *order) error {
	defer l.heardOf.Add(1)
	switch {
	case next.Sockets != nil:
		return l.loop.open(next.Sockets)
	case next.Reopen != nil:
		l.loop.do(func() { l.loop.reopen(next.Reopen) })
	case next.Drop != nil:
		l.loop.do(l.loop.drop)
	case next.Ack != nil:
		l.loop.do(func() { l.loop.ackAll(next.Ack) })
	case next.Posts != nil:
		l.posted.running.Add(1)
		go l.posted.run(next.Posts, l.receipts, l.ledger)
	case next.Reset != nil:
		done := make(chan struct{})
		l.loop.do(func() { l.receipts.reset(); close(done) })
		<-done
		l.posted.reset()
	default:
		return errors.New("an order that is none of sockets, reopen, drop, ack, posts, reset")
	}
	return nil
}

func (l *Load) status() Status {
	r, p := l.receipts, l.posted
	return Status{
		Orders: l.heardOf.Load(), Open: r.open.Load(), Received: r.received.Load(), Bytes: r.bytes.Load(),
		Skipped: r.skipped.Load(), Misplaced: r.misplaced.Load(), Gaps: r.gaps.Load(), Failed: r.failed.Load(),
		Retries: r.retries.Load(), Acks: r.acks.Load(), Accepted: p.accepted.Load(), Refused: p.refused.Load(),
		Bare: p.bare.Load(), Other: p.other.Load(), Broken: p.broken.Load(), Unsent: p.unsent.Load(),
		Posting: p.running.Load(), Missing: l.ledger.missing(), PostedAt: p.firstAt.Load(), LastAt: r.lastAt.Load(),
		OpenedAt: r.openedAt.Load(),
		AnswerAt: p.lastAt.Load(), Delivery: r.latency.Spread(), Answer: p.latency.Spread(), LastError: lastError(),
	}
}
