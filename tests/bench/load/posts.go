package main

import (
	"bufio"
	"net"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	connectsAtOnce = 64
	refusedWait    = 100 * time.Millisecond
	requestLimit   = 30 * time.Second
	fanLookEvery   = 200 * time.Microsecond
	fanLimit       = 60 * time.Second
	lateness       = 250 * time.Millisecond
	statusOK       = 200
	statusCreated  = 201
	statusAccept   = 202
	statusBusy     = 503
)

// PostOrder says what to post: so many messages in all, to the users in turns or all to one target, Batch at a time.
type PostOrder struct {
	URL string `json:"url"`
	Key string `json:"key"`
	// Empty: each message to one user, in turns. `users`: each to all of them. Else a target as `topic:bench`.
	Target string `json:"target"`
	// Style `nchan` posts the message frame itself to /pub?id=TARGET, one at a time.
	Style     string `json:"style"`
	Users     int    `json:"users"`
	Messages  int    `json:"messages"`
	Batch     int    `json:"batch"`
	Workers   int    `json:"workers"`
	PerSecond int    `json:"perSecond"`
	// After each request wait until so many more messages have arrived per message posted.
	Fan int `json:"fan"`
	// Open loop: nobody waits for answers, nothing refused is tried again, what cannot be sent in time is counted.
	Open   bool `json:"open"`
	Ledger bool `json:"ledger"`
}

// Posted counts messages by what became of their request.
type Posted struct {
	accepted atomic.Int64
	refused  atomic.Int64
	bare     atomic.Int64
	other    atomic.Int64
	broken   atomic.Int64
	unsent   atomic.Int64
	running  atomic.Int64
	firstAt  atomic.Int64
	lastAt   atomic.Int64
	latency  Histogram
	mutex    sync.Mutex
	// How many messages each target was sent: peers that do not number them get their seq from here.
	before map[string]int
}

func newPosted() *Posted {
	return &Posted{before: map[string]int{}}
}

// reset keeps the numbering.
func (p *Posted) reset() {
	for _, count := range []*atomic.Int64{
		&p.accepted, &p.refused, &p.bare, &p.other, &p.broken, &p.unsent, &p.firstAt, &p.lastAt,
	} {
		count.Store(0)
	}
	p.latency.Reset()
}

// run returns when all are answered.
func (p *Posted) run(order *PostOrder, receipts *Receipts, ledger *Ledger) {
	defer p.running.Add(-1)
	address, err := url.Parse(order.URL)
	if err != nil {
		complain("%v", err)
		return
	}
	job := &posting{order: order, posted: p, receipts: receipts, ledger: ledger}
	lines := make([]*line, max(order.Workers, 1))
	for n := range lines {
		lines[n] = &line{host: address.Host}
	}
	if order.Open {
		connectAll(lines)
	}
	job.begin()
	var group sync.WaitGroup
	for _, one := range lines {
		group.Go(func() { job.work(one) })
	}
	group.Wait()
}

// connectAll connects before time begins to count, a few at once: a server's queue of connections that it has not accepted
// is short, and producers of the real world have been connected for long.
func connectAll(lines []*line) {
	places := make(chan struct{}, connectsAtOnce)
	var group sync.WaitGroup
	for _, one := range lines {
		places <- struct{}{}
		group.Go(func() {
			if err := one.connect(); err != nil {
				complain("POST: %v", err) // tried again with the first request
			}
			<-places
		})
	}
	group.Wait()
}

// posting is one order under way.
type posting struct {
	order    *PostOrder
	posted   *Posted
	receipts *Receipts
	ledger   *Ledger
	base     int
	began    time.Time
	next     atomic.Int64
}

func (j *posting) begin() {
	p := j.posted
	p.mutex.Lock()
	key := j.order.URL + " " + j.order.Target
	j.base = p.before[key]
	p.before[key] += j.order.Messages
	p.mutex.Unlock()
	j.began = time.Now()
	p.firstAt.CompareAndSwap(0, j.began.UnixMicro())
}

func (j *posting) work(line *line) {
	defer line.close()
	var body []byte
	for {
		first := int(j.next.Add(int64(j.order.Batch))) - j.order.Batch
		if first >= j.order.Messages {
			return
		}
		stamp, isLate := j.waitForTurn(first)
		if isLate {
			j.posted.unsent.Add(int64(j.order.Batch))
			continue
		}
		path, content := j.bodyOf(body[:0], first, stamp)
		body = content
		for !j.send(line, path, body, stamp) {
			time.Sleep(refusedWait)
		}
	}
}

// waitForTurn holds a message back until its time, from which its latency counts, whether it was sent then or not; in an
// open loop it gives up one whose time is long over.
func (j *posting) waitForTurn(first int) (stamp time.Time, isLate bool) {
	if j.order.PerSecond == 0 {
		return time.Now(), false
	}
	due := j.began.Add(time.Duration(float64(first) / float64(j.order.PerSecond) * float64(time.Second)))
	if wait := time.Until(due); wait > 0 {
		time.Sleep(wait)
	}
	return due, j.order.Open && time.Since(due) > lateness
}

// send is done when it returns true: what was refused in a closed loop is sent again.
func (j *posting) send(l *line, path string, body []byte, stamp time.Time) bool {
	p, count := j.posted, int64(j.order.Batch)
	wanted := j.receipts.received.Load() + count*int64(j.order.Fan)
	answer, err := l.post(path, j.order.Key, body)
	now := time.Now()
	if err != nil {
		l.close()
		p.broken.Add(count)
		complain("POST: %v", err)
		return j.order.Open
	}
	switch answer.status {
	case statusOK, statusCreated, statusAccept:
		accepted := int64(answer.acceptedOf(j.order))
		if accepted <= 0 {
			p.refused.Add(count) // a batch of which nothing was taken is a refusal
			return j.order.Open
		}
		p.accepted.Add(accepted)
		p.latency.Add(now.Sub(stamp).Microseconds())
		p.lastAt.Store(now.UnixMicro())
		if accepted < count {
			p.other.Add(count - accepted)
			complain("POST: %.300s", answer.body)
			return true
		}
		if j.order.Ledger {
			j.ledger.note(idIn(answer.body), wasAcknowledged)
		}
		j.waitForFan(wanted)
		return true
	case statusBusy:
		p.refused.Add(count)
		if !answer.hasRetryAfter {
			p.bare.Add(count)
		}
	default:
		p.other.Add(count)
		complain("POST answered %d: %.300s", answer.status, answer.body)
	}
	return j.order.Open
}

func (j *posting) waitForFan(wanted int64) {
	if j.order.Fan == 0 {
		return
	}
	for until := time.Now().Add(fanLimit); j.receipts.received.Load() < wanted; time.Sleep(fanLookEvery) {
		if time.Now().After(until) {
			complain("%d of %d messages have arrived in %v", j.receipts.received.Load(), wanted, fanLimit)
			return
		}
	}
}

func (j *posting) bodyOf(body []byte, first int, stamp time.Time) (string, []byte) {
	if j.order.Style == "nchan" {
		return j.frameOf(body, first, stamp)
	}
	if j.order.Batch == 1 {
		return "/v1/messages", j.item(body, first, stamp)
	}
	body = append(body, `{"messages":[`...)
	for n := range j.order.Batch {
		if n > 0 {
			body = append(body, ',')
		}
		body = j.item(body, first+n, stamp)
	}
	return "/v1/messages:batch", append(body, `]}`...)
}

func (j *posting) item(body []byte, n int, stamp time.Time) []byte {
	body = append(body, `{"to":`...)
	switch j.order.Target {
	case "":
		body = append(body, `"user:u`...)
		body = append(strconv.AppendInt(body, int64((j.base+n)%j.order.Users), 10), '"')
	case "users":
		separator := byte('[')
		for user := range j.order.Users {
			body = append(append(body, separator), `"user:u`...)
			body = append(strconv.AppendInt(body, int64(user), 10), '"')
			separator = ','
		}
		body = append(body, ']')
	default:
		body = append(append(append(body, '"'), j.order.Target...), '"')
	}
	body = append(body, `,"event":"order.paid","data":`...)
	return append(dataOf(body, n, stamp), '}')
}

// frameOf is the frame that a device gets, for peers that do not make one.
func (j *posting) frameOf(body []byte, first int, stamp time.Time) (string, []byte) {
	n := j.base + first
	target, log, seq := j.order.Target, j.order.Target, n+1
	if target == "" {
		target, log, seq = "u"+strconv.Itoa(n%j.order.Users), "user", n/j.order.Users+1
	}
	body = append(append(append(body, `{"type":"message","log":"`...), log...), `","seq":`...)
	body = strconv.AppendInt(body, int64(seq), 10)
	body = append(body, `,"id":"msg_`...)
	body = appendPadded(body, n, 26)
	body = append(body, `","event":"order.paid","sentAt":`...)
	body = strconv.AppendInt(body, stamp.UnixMilli(), 10)
	body = append(dataOf(append(body, `,"data":`...), n, stamp), '}')
	return "/pub?id=" + target, body
}

func dataOf(body []byte, n int, stamp time.Time) []byte {
	body = strconv.AppendInt(append(body, `{"orderId":`...), int64(n), 10)
	body = strconv.AppendInt(append(body, `,"t":`...), stamp.UnixMicro(), 10)
	body = appendPadded(append(body, `,"text":"`...), n, 64)
	return append(body, `"}`...)
}

func appendPadded(body []byte, n, width int) []byte {
	digits := strconv.Itoa(n)
	for range width - len(digits) {
		body = append(body, '0')
	}
	return append(body, digits...)
}

// line is one kept connection.
type line struct {
	host   string
	conn   net.Conn
	reader *bufio.Reader
	out    []byte
}

func (l *line) close() {
	if l.conn != nil {
		_ = l.conn.Close()
	}
	l.conn = nil
}
