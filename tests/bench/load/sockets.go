package main

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// SocketOrder says which sockets to open. In raw mode there is no protocol above WebSocket: frames are counted.
type SocketOrder struct {
	URL      string   `json:"url"`
	Tokens   []string `json:"tokens"`
	Sockets  int      `json:"sockets"`
	Raw      bool     `json:"raw"`
	AckEvery int      `json:"ackEvery"`
	AckMs    int      `json:"ackMs"`
}

// Receipts is what all sockets together have seen. Every message's place is checked against the one before it.
type Receipts struct {
	open      atomic.Int64
	received  atomic.Int64
	misplaced atomic.Int64
	failed    atomic.Int64
	latency   Histogram
}

type socket struct {
	conn     net.Conn
	reader   *bufio.Reader
	order    *SocketOrder
	receipts *Receipts
	mutex    sync.Mutex
	received int64
	acked    int64
}

func runSockets(order *SocketOrder, receipts *Receipts) {
	limit := make(chan struct{}, 64)
	for n := range order.Sockets {
		limit <- struct{}{}
		go func() {
			s := &socket{order: order, receipts: receipts, received: -1, acked: -1}
			err := s.open(n)
			<-limit
			if err == nil {
				err = s.read()
			}
			receipts.failed.Add(1)
			if err != nil && !errors.Is(err, io.EOF) {
				fmt.Fprintf(logTo, "socket %d: %v\n", n, err)
			}
		}()
	}
}

func (s *socket) open(n int) error {
	address, err := url.Parse(s.order.URL)
	if err != nil {
		return err
	}
	if s.conn, err = net.DialTimeout("tcp", address.Host, 20*time.Second); err != nil {
		return err
	}
	s.reader = bufio.NewReaderSize(s.conn, 4096)
	key := make([]byte, 16)
	_, _ = rand.Read(key)
	request := "GET " + address.RequestURI() + " HTTP/1.1\r\nHost: " + address.Host +
		"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " +
		base64.StdEncoding.EncodeToString(key) + "\r\n"
	if !s.order.Raw {
		request += "Sec-WebSocket-Protocol: carillon.v1\r\nAuthorization: Bearer " + s.order.Tokens[n] + "\r\n"
	}
	if _, err = s.conn.Write([]byte(request + "\r\n")); err != nil {
		return err
	}
	response, err := http.ReadResponse(s.reader, nil)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("upgrade answered %d", response.StatusCode)
	}
	if s.order.Raw {
		s.receipts.open.Add(1)
		return nil
	}
	device := strconv.Itoa(n)
	return s.write(1, []byte(`{"type":"hello","device":"bench-`+device+`","instance":"b`+device+`","cursors":{},"topics":[]}`))
}

// read takes frames until the socket ends. Frames of a server are never masked and, here, never fragmented.
func (s *socket) read() error {
	if s.order.AckMs > 0 && !s.order.Raw {
		go s.ackFromTimeToTime()
	}
	payload := make([]byte, 0, 4096)
	for {
		opcode, length, err := s.head()
		if err != nil {
			return err
		}
		if cap(payload) < length {
			payload = make([]byte, length)
		}
		payload = payload[:length]
		if _, err = io.ReadFull(s.reader, payload); err != nil {
			return err
		}
		switch opcode {
		case 1:
			err = s.take(payload)
		case 8:
			return fmt.Errorf("closed with %d", binary.BigEndian.Uint16(payload))
		case 9:
			err = s.write(10, payload)
		}
		if err != nil {
			return err
		}
	}
}

func (s *socket) head() (opcode byte, length int, err error) {
	var head [2]byte
	if _, err = io.ReadFull(s.reader, head[:]); err != nil {
		return
	}
	opcode, length = head[0]&15, int(head[1]&127)
	if length == 126 {
		var more [2]byte
		_, err = io.ReadFull(s.reader, more[:])
		length = int(binary.BigEndian.Uint16(more[:]))
	} else if length == 127 {
		var more [8]byte
		_, err = io.ReadFull(s.reader, more[:])
		length = int(binary.BigEndian.Uint64(more[:]))
	}
	return
}

// take looks only at the fields it needs: parsing every frame would cost more than the server spends on it.
func (s *socket) take(payload []byte) error {
	if s.order.Raw {
		s.receipts.received.Add(1)
		return nil
	}
	text := string(payload)
	switch {
	case strings.HasPrefix(text, `{"type":"message"`):
		seq := number(text, `"seq":`)
		last := atomic.LoadInt64(&s.received)
		if seq != last+1 {
			s.receipts.misplaced.Add(1)
		}
		atomic.StoreInt64(&s.received, seq)
		s.receipts.received.Add(1)
		s.receipts.latency.Add(time.Now().UnixMilli() - number(text, `"sentAt":`))
		if seq-atomic.LoadInt64(&s.acked) >= int64(s.order.AckEvery) {
			return s.ack()
		}
	case strings.HasPrefix(text, `{"type":"welcome"`):
		from := number(text, `"from":`)
		atomic.StoreInt64(&s.received, from)
		atomic.StoreInt64(&s.acked, from)
		s.receipts.open.Add(1)
	case strings.HasPrefix(text, `{"type":"ping"`):
		return s.write(1, []byte(`{"type":"pong"}`))
	}
	return nil
}

func (s *socket) ackFromTimeToTime() {
	for range time.Tick(time.Duration(s.order.AckMs) * time.Millisecond) {
		if atomic.LoadInt64(&s.received) > atomic.LoadInt64(&s.acked) && s.ack() != nil {
			return
		}
	}
}

func (s *socket) ack() error {
	seq := atomic.LoadInt64(&s.received)
	atomic.StoreInt64(&s.acked, seq)
	return s.write(1, []byte(`{"type":"ack","log":"user","seq":`+strconv.FormatInt(seq, 10)+`}`))
}

// write masks with zeros, which is a mask.
func (s *socket) write(opcode byte, payload []byte) error {
	frame := make([]byte, 0, len(payload)+14)
	frame = append(frame, 128|opcode)
	if len(payload) < 126 {
		frame = append(frame, 128|byte(len(payload)))
	} else {
		frame = append(frame, 128|126, byte(len(payload)>>8), byte(len(payload)))
	}
	frame = append(frame, 0, 0, 0, 0)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	_, err := s.conn.Write(append(frame, payload...))
	return err
}

func number(text, field string) int64 {
	at := strings.Index(text, field)
	if at < 0 {
		return -1
	}
	var value int64
	for _, digit := range text[at+len(field):] {
		if digit < '0' || digit > '9' {
			break
		}
		value = value*10 + int64(digit-'0')
	}
	return value
}
