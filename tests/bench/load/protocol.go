package main

import (
	"bytes"
	"fmt"
	"strconv"
	"time"
)

var (
	messageStart    = []byte(`{"type":"message"`)
	welcomeStart    = []byte(`{"type":"welcome"`)
	subscribedStart = []byte(`{"type":"subscribed"`)
	pingStart       = []byte(`{"type":"ping"`)
	skipStart       = []byte(`{"type":"skip"`)
	errorStart      = []byte(`{"type":"error"`)
	eventStart      = []byte(`42["message",`)
	seqField        = []byte(`"seq":`)
	logField        = []byte(`"log":"`)
	idField         = []byte(`"id":"`)
	fromField       = []byte(`"from":`)
	toField         = []byte(`"to":`)
	sentAtField     = []byte(`"sentAt":`)
	// Put into the data by whoever sends it: microseconds since the epoch.
	stampField = []byte(`"t":`)
)

// greet is what a socket says first.
func (s *socket) greet() error {
	if s.order.Mode == modeRaw {
		s.isOpen()
		return nil
	}
	if s.order.Mode == modeSocketIO {
		return nil // the server speaks first
	}
	hello := []byte(`{"type":"hello",`)
	number := strconv.Itoa(s.number)
	if !s.order.Ephemeral {
		hello = append(hello, `"device":"bench-`+number+`",`...)
	}
	hello = append(hello, `"instance":"b`+number+`","cursors":{`...)
	for n, at := range s.logs {
		if n > 0 {
			hello = append(hello, ',')
		}
		hello = append(hello, `"`+at.log+`":`+strconv.FormatInt(at.received, 10)...)
	}
	hello = append(hello, `},"topics":[`...)
	for n, topic := range s.order.Topics {
		if n > 0 {
			hello = append(hello, ',')
		}
		hello = append(hello, `"`+topic+`"`...)
	}
	return s.write(opText, append(hello, `]}`...))
}

func (s *socket) isOpen() {
	if s.state == stateGreeting {
		s.state = stateOpen
		s.loop.dialing--
		s.loop.receipts.open.Add(1)
		s.loop.receipts.openedAt.Store(time.Now().UnixMicro())
	}
}

// take looks only at the fields it needs: parsing every frame would cost more than the server spends on it.
func (s *socket) take(payload []byte) error {
	if s.order.Mode == modeSocketIO {
		return s.takeSocketIO(payload)
	}
	switch {
	case bytes.HasPrefix(payload, messageStart):
		return s.message(payload)
	case bytes.HasPrefix(payload, welcomeStart):
		return s.welcome(payload)
	case bytes.HasPrefix(payload, skipStart):
		at := s.placeOf(payload)
		if at == nil || number(payload, fromField) > at.received+1 {
			s.loop.receipts.misplaced.Add(1)
			return nil
		}
		s.loop.receipts.skipped.Add(number(payload, toField) - at.received)
		at.received = max(at.received, number(payload, toField))
	case bytes.HasPrefix(payload, pingStart):
		return s.write(opText, []byte(`{"type":"pong"}`))
	case bytes.HasPrefix(payload, subscribedStart):
		return fmt.Errorf("subscribed to what hello has already named: %s", payload)
	case bytes.HasPrefix(payload, errorStart):
		return fmt.Errorf("refused: %s", payload)
	}
	return nil
}

// takeSocketIO speaks Engine.IO 4 with Socket.IO 5 on it: 0 open, 2 ping, 40 connected, 42 event.
func (s *socket) takeSocketIO(payload []byte) error {
	switch {
	case bytes.HasPrefix(payload, eventStart):
		return s.message(payload)
	case bytes.HasPrefix(payload, []byte(`40`)):
		s.isOpen()
	case bytes.HasPrefix(payload, []byte(`0`)):
		return s.write(opText, []byte(`40{"user":"`+s.user+`"}`))
	case bytes.Equal(payload, []byte(`2`)):
		return s.write(opText, []byte(`3`))
	}
	return nil
}

func (s *socket) welcome(payload []byte) error {
	wasThere := len(s.logs) > 0
	logs := append([]string{"user", "all"}, s.order.Topics...)
	for n, log := range logs {
		if n > 1 {
			log = "topic:" + log
		}
		start := bytes.Index(payload, []byte(`"`+log+`":{`))
		if start < 0 {
			continue
		}
		from := number(payload[start:], fromField)
		resumed := bytes.Contains(payload[start:start+bytes.IndexByte(payload[start:], '}')], []byte(`"resumed":true`))
		at := s.find([]byte(log))
		if at == nil {
			s.logs = append(s.logs, place{log: log, received: from, acked: from})
			continue
		}
		if wasThere && (!resumed || from != at.received) {
			s.loop.receipts.gaps.Add(1)
		}
		at.received, at.acked = from, from
	}
	s.isOpen()
	return nil
}

func (s *socket) message(payload []byte) error {
	r := s.loop.receipts
	at := s.placeOf(payload)
	if at == nil {
		r.misplaced.Add(1)
		complain("socket %d: a message of a log it does not follow: %.120s", s.number, payload)
		return nil
	}
	seq := number(payload, seqField)
	if seq != at.received+1 {
		r.misplaced.Add(1)
		complain("socket %d: %d of %s after %d", s.number, seq, at.log, at.received)
	}
	at.received = seq
	now := s.loop.readAt
	r.received.Add(1)
	r.lastAt.Store(now)
	if stamp := number(payload, stampField); stamp >= 0 {
		r.latency.Add(now - stamp)
	} else {
		r.latency.Add(now - 1000*number(payload, sentAtField))
	}
	if s.order.Ledger {
		s.loop.ledger.note(idIn(payload), hasArrived)
	}
	return s.ackInTime(at)
}

// ackInTime does as an SDK: at once after so many messages, else after so many milliseconds.
func (s *socket) ackInTime(at *place) error {
	if s.order.AckEvery > 0 && at.received-at.acked >= int64(s.order.AckEvery) {
		return s.ack(at, at.received)
	}
	if s.order.AckMs > 0 && !s.isAckDue {
		s.isAckDue = true
		wait := time.Duration(s.order.AckMs) * time.Millisecond
		s.loop.acksDue = append(s.loop.acksDue, dueAck{s, time.Now().Add(wait)})
	}
	return nil
}

func (s *socket) ackReceived() {
	for n := range s.logs {
		at := &s.logs[n]
		if at.received <= at.acked {
			continue
		}
		if err := s.ack(at, at.received); err != nil {
			s.end(err)
			return
		}
	}
}

// ackStep says whether there is more to acknowledge.
func (s *socket) ackStep(step int64) bool {
	isMore := false
	for n := range s.logs {
		at := &s.logs[n]
		if at.acked >= at.received {
			continue
		}
		if err := s.ack(at, min(at.acked+step, at.received)); err != nil {
			s.end(err)
			return false
		}
		isMore = isMore || at.acked < at.received
	}
	return isMore
}

func (s *socket) ack(at *place, seq int64) error {
	at.acked = seq
	s.loop.receipts.acks.Add(1)
	var scratch [128]byte
	frame := append(scratch[:0], `{"type":"ack","log":"`...)
	frame = append(append(frame, at.log...), `","seq":`...)
	return s.write(opText, append(strconv.AppendInt(frame, seq, 10), '}'))
}

// placeOf is nil for a log that is not followed. Peers do not say where a log starts: it starts at 1.
func (s *socket) placeOf(payload []byte) *place {
	log := text(payload, logField)
	at := s.find(log)
	if at == nil && s.order.Mode != modeCarillon {
		s.logs = append(s.logs, place{log: string(log)})
		at = &s.logs[len(s.logs)-1]
	}
	return at
}

func (s *socket) find(log []byte) *place {
	for n := range s.logs {
		if string(log) == s.logs[n].log {
			return &s.logs[n]
		}
	}
	return nil
}

func idIn(payload []byte) []byte {
	return text(payload, idField)
}

func text(payload, field []byte) []byte {
	start := bytes.Index(payload, field)
	if start < 0 {
		return nil
	}
	value := payload[start+len(field):]
	return value[:max(bytes.IndexByte(value, '"'), 0)]
}

// number is -1 where there is none.
func number(payload, field []byte) int64 {
	start := bytes.Index(payload, field)
	if start < 0 {
		return -1
	}
	var value int64
	for _, digit := range payload[start+len(field):] {
		if digit < '0' || digit > '9' {
			break
		}
		value = value*10 + int64(digit-'0')
	}
	return value
}
