package main

import (
	"hash/maphash"
	"sync"
)

// Ledger remembers which ids were acknowledged and which arrived: an acknowledged one that never arrives is lost.
type Ledger struct {
	mutex sync.Mutex
	seen  map[uint64]byte
	lost  int64
}

const (
	wasAcknowledged byte = 1
	hasArrived      byte = 2
)

var ledgerSeed = maphash.MakeSeed()

func (l *Ledger) note(id []byte, what byte) {
	key := maphash.Bytes(ledgerSeed, id)
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.seen == nil {
		l.seen = make(map[uint64]byte, 1<<16)
	}
	before := l.seen[key]
	after := before | what
	l.seen[key] = after
	if before != wasAcknowledged && after == wasAcknowledged {
		l.lost++
	} else if before == wasAcknowledged && after != wasAcknowledged {
		l.lost--
	}
}

// missing is how many were acknowledged and have not arrived yet.
func (l *Ledger) missing() int64 {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.lost
}
