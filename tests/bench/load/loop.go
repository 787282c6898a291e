package main

import (
	"fmt"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

const (
	eventsAtOnce   = 512
	readBytesMax   = 1 << 18
	idleWait       = 100 * time.Millisecond
	connectingMost = 512
	retryAfter     = 100 * time.Millisecond
	retriesMax     = 100
)

// SocketOrder says which sockets to open. Mode `raw` has nothing above WebSocket but our message frames; `socket.io` has
// Engine.IO 4; `{user}` in the address is the name of the socket's user.
type SocketOrder struct {
	URL     string   `json:"url"`
	Mode    string   `json:"mode"`
	AuthURL string   `json:"authUrl"`
	Key     string   `json:"key"`
	Count   int      `json:"count"`
	First   int      `json:"first"`
	Users   int      `json:"users"`
	Topics  []string `json:"topics"`
	// Sockets without a device are ephemeral: the server stores nothing for them.
	Ephemeral bool `json:"ephemeral"`
	AckEvery  int  `json:"ackEvery"`
	AckMs     int  `json:"ackMs"`
	AtOnce    int  `json:"atOnce"`
	Retry     bool `json:"retry"`
	Ledger    bool `json:"ledger"`
}

// ReopenOrder opens again what `drop` has closed, from the positions that were reached or from a given one.
type ReopenOrder struct {
	AtOnce int    `json:"atOnce"`
	From   *int64 `json:"from"`
}

// AckOrder acknowledges all that was received, Step messages at a time.
type AckOrder struct {
	Step int64 `json:"step"`
}

// Loop drives all sockets with one thread: whatever touches them runs there.
type Loop struct {
	epoll    int
	wakeRead int
	wakeSend int
	commands chan func()
	sockets  []*socket
	waiting  []*socket
	dialing  int
	atOnce   int
	retry    []retry
	acksDue  []dueAck
	buffer   []byte
	now      time.Time
	// When the bytes in the buffer were read, in microseconds: the moment of every message in them.
	readAt   int64
	receipts *Receipts
	ledger   *Ledger
	tokens   *Tokens
}

type retry struct {
	socket *socket
	at     time.Time
}

type dueAck struct {
	socket *socket
	at     time.Time
}

func newLoop(receipts *Receipts, ledger *Ledger, tokens *Tokens) (*Loop, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	var pipe [2]int
	if err = syscall.Pipe2(pipe[:], syscall.O_NONBLOCK|syscall.O_CLOEXEC); err != nil {
		return nil, err
	}
	wake := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: -1}
	if err = syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, pipe[0], &wake); err != nil {
		return nil, err
	}
	return &Loop{
		epoll: epoll, wakeRead: pipe[0], wakeSend: pipe[1], commands: make(chan func(), 64),
		buffer: make([]byte, readBytesMax), receipts: receipts, ledger: ledger, tokens: tokens,
	}, nil
}

// do runs something on the loop, soon.
func (l *Loop) do(command func()) {
	l.commands <- command
	_, _ = syscall.Write(l.wakeSend, []byte{1}) // a full pipe wakes it as well
}

func (l *Loop) run() {
	runtime.LockOSThread()
	events := make([]syscall.EpollEvent, eventsAtOnce)
	for {
		count, err := syscall.EpollWait(l.epoll, events, l.waitMs())
		if err != nil && err != syscall.EINTR {
			fail(fmt.Errorf("epoll: %w", err))
		}
		l.now = time.Now()
		for n := range max(count, 0) {
			if events[n].Fd < 0 {
				l.obey()
			} else {
				l.serve(l.sockets[events[n].Fd], events[n].Events)
			}
		}
		l.ackWhatIsDue()
		l.dialMore()
	}
}

func (l *Loop) waitMs() int {
	wait := idleWait
	if len(l.acksDue) > 0 {
		wait = min(wait, time.Until(l.acksDue[0].at))
	}
	if len(l.retry) > 0 {
		wait = min(wait, time.Until(l.retry[0].at))
	}
	return max(0, int(wait/time.Millisecond)+1)
}

func (l *Loop) obey() {
	var drain [64]byte
	_, _ = syscall.Read(l.wakeRead, drain[:])
	for {
		select {
		case command := <-l.commands:
			command()
		default:
			return
		}
	}
}

// open returns when the tokens are there and the sockets are about to be opened.
func (l *Loop) open(order *SocketOrder) error {
	dialer, err := newDialer(order)
	if err != nil {
		return err
	}
	users := order.Users
	if users == 0 {
		users = order.First + order.Count
	}
	names := make([]string, order.Count)
	for n := range names {
		names[n] = "u" + strconv.Itoa((order.First+n)%users)
	}
	if order.Mode == modeCarillon {
		if err = l.tokens.fetch(order, names); err != nil {
			return err
		}
	}
	l.do(func() {
		l.atOnce = bounded(order.AtOnce)
		for n, user := range names {
			s := &socket{loop: l, dialer: dialer, order: order, number: order.First + n, user: user, fd: -1}
			s.index = int32(len(l.sockets))
			l.sockets = append(l.sockets, s)
			l.waiting = append(l.waiting, s)
		}
	})
	return nil
}

func (l *Loop) drop() {
	for _, s := range l.sockets {
		s.isDropped = true
		s.close()
	}
	l.waiting, l.retry, l.acksDue = nil, nil, nil
}

func (l *Loop) reopen(order *ReopenOrder) {
	l.atOnce = bounded(order.AtOnce)
	for _, s := range l.sockets {
		s.isDropped = false
		s.retries = 0
		for n := range s.logs {
			if order.From != nil {
				s.logs[n].received = *order.From
			}
			s.logs[n].acked = s.logs[n].received
		}
		l.waiting = append(l.waiting, s)
	}
}

func (l *Loop) ackAll(order *AckOrder) {
	for isMore := true; isMore; {
		isMore = false
		for _, s := range l.sockets {
			if s.state == stateOpen && s.ackStep(max(order.Step, 1)) {
				isMore = true
			}
		}
	}
}

func (l *Loop) ackWhatIsDue() {
	due := 0
	for due < len(l.acksDue) && !l.acksDue[due].at.After(l.now) {
		s := l.acksDue[due].socket
		s.isAckDue = false
		if s.state == stateOpen {
			s.ackReceived()
		}
		due++
	}
	l.acksDue = l.acksDue[due:]
}

func (l *Loop) dialMore() {
	for len(l.retry) > 0 && !l.retry[0].at.After(l.now) {
		l.waiting = append(l.waiting, l.retry[0].socket)
		l.retry = l.retry[1:]
	}
	for len(l.waiting) > 0 && l.dialing < l.atOnce {
		s := l.waiting[0]
		l.waiting = l.waiting[1:]
		if err := s.dial(); err != nil {
			s.end(err)
		}
	}
}

func bounded(atOnce int) int {
	if atOnce <= 0 {
		return connectingMost
	}
	return atOnce
}
