package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"
)

const (
	stateClosed = iota
	stateConnecting
	stateUpgrading
	stateGreeting
	stateOpen

	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10

	headBytesMax = 16_384
)

var errDropped = errors.New("dropped by order")

type socket struct {
	loop      *Loop
	dialer    *dialer
	order     *SocketOrder
	user      string
	number    int
	index     int32
	fd        int
	state     int8
	isAckDue  bool
	isDropped bool
	retries   int16
	logs      []place
	rest      []byte
	unsent    []byte
}

// place is a position in a log.
type place struct {
	log      string
	received int64
	acked    int64
}

func (s *socket) dial() (err error) {
	if s.isDropped {
		return nil
	}
	if s.fd, err = s.dialer.connect(s.number); err != nil {
		return err
	}
	s.loop.dialing++
	s.state = stateConnecting
	event := syscall.EpollEvent{Events: syscall.EPOLLOUT, Fd: s.index}
	return syscall.EpollCtl(s.loop.epoll, syscall.EPOLL_CTL_ADD, s.fd, &event)
}

func (l *Loop) serve(s *socket, events uint32) {
	if s.state == stateClosed {
		return
	}
	var err error
	if events&syscall.EPOLLOUT != 0 {
		err = s.canWrite()
	}
	if err == nil && events&(syscall.EPOLLIN|syscall.EPOLLHUP|syscall.EPOLLERR) != 0 {
		err = s.canRead()
	}
	if err != nil {
		s.end(err)
	}
}

// end closes the socket; one that never opened is tried again if the order says so.
func (s *socket) end(err error) {
	wasOpen := s.state == stateOpen
	s.close()
	if s.isDropped {
		return
	}
	if !wasOpen && s.order.Retry && s.retries < retriesMax {
		s.retries++
		s.loop.receipts.retries.Add(1)
		s.loop.retry = append(s.loop.retry, retry{s, time.Now().Add(retryAfter)})
		return
	}
	s.loop.receipts.failed.Add(1)
	complain("socket %d: %v", s.number, err)
}

func (s *socket) close() {
	switch s.state {
	case stateConnecting, stateUpgrading, stateGreeting:
		s.loop.dialing--
	case stateOpen:
		s.loop.receipts.open.Add(-1)
	}
	if s.fd >= 0 {
		_ = syscall.Close(s.fd) // the kernel takes it out of the epoll set
	}
	s.fd, s.state, s.rest, s.unsent = -1, stateClosed, nil, nil
}

func (s *socket) canWrite() error {
	if s.state == stateConnecting {
		code, err := syscall.GetsockoptInt(s.fd, syscall.SOL_SOCKET, syscall.SO_ERROR)
		if err != nil {
			return err
		}
		if code != 0 {
			return syscall.Errno(code)
		}
		s.state = stateUpgrading
		s.unsent = s.dialer.upgrade(s)
	}
	return s.flush()
}

// flush writes what is unsent, and listens for room only as long as some is left.
func (s *socket) flush() error {
	count, err := syscall.Write(s.fd, s.unsent)
	if err != nil && err != syscall.EAGAIN {
		return err
	}
	s.unsent = s.unsent[max(count, 0):]
	events := uint32(syscall.EPOLLIN)
	if len(s.unsent) > 0 {
		events |= syscall.EPOLLOUT
	} else {
		s.unsent = nil
	}
	event := syscall.EpollEvent{Events: events, Fd: s.index}
	return syscall.EpollCtl(s.loop.epoll, syscall.EPOLL_CTL_MOD, s.fd, &event)
}

func (s *socket) canRead() error {
	buffer := s.loop.buffer
	kept := copy(buffer, s.rest)
	count, err := syscall.Read(s.fd, buffer[kept:])
	if err == syscall.EAGAIN || err == syscall.EINTR {
		return nil
	}
	if err != nil {
		return err
	}
	if count == 0 {
		return io.EOF
	}
	s.loop.readAt = time.Now().UnixMicro()
	s.loop.receipts.bytes.Add(int64(count))
	data := buffer[:kept+count]
	if s.state == stateUpgrading {
		if data, err = s.upgraded(data); err != nil {
			return err
		}
	}
	used := 0
	if s.state >= stateGreeting {
		if used, err = s.frames(data); err != nil {
			return err
		}
	}
	s.rest = append(s.rest[:0], data[used:]...)
	if len(s.rest) == 0 {
		s.rest = nil
	}
	return nil
}

// upgraded takes the head of the answer off the data, once it is there.
func (s *socket) upgraded(data []byte) ([]byte, error) {
	end := bytes.Index(data, []byte("\r\n\r\n"))
	if end < 0 {
		if len(data) > headBytesMax {
			return nil, errors.New("the answer to the upgrade has no end")
		}
		return data, nil
	}
	if !bytes.HasPrefix(data, []byte("HTTP/1.1 101 ")) {
		line, _, _ := bytes.Cut(data, []byte("\r\n"))
		return nil, fmt.Errorf("the upgrade was answered %q", line)
	}
	s.state = stateGreeting
	return data[end+4:], s.greet()
}

// frames takes whole frames. Those of a server are never masked and, here, never fragmented.
func (s *socket) frames(data []byte) (used int, err error) {
	for {
		left := data[used:]
		head, length := frameSize(left)
		if head == 0 || len(left) < head+length {
			if head+length > readBytesMax {
				return used, fmt.Errorf("a frame of %d bytes", length)
			}
			return used, nil
		}
		payload := left[head : head+length]
		switch left[0] {
		case 128 | opText:
			err = s.take(payload)
		case 128 | opClose:
			if len(payload) >= 2 {
				return used, fmt.Errorf("closed with %d %s", binary.BigEndian.Uint16(payload), payload[2:])
			}
			return used, io.EOF
		case 128 | opPing:
			err = s.write(opPong, payload)
		case 128 | opPong:
		default:
			err = fmt.Errorf("a frame that begins with %#x", left[0])
		}
		if err != nil {
			return used, err
		}
		used += head + length
	}
}

// frameSize is 0, 0 while the head is incomplete.
func frameSize(data []byte) (head, length int) {
	if len(data) < 2 {
		return 0, 0
	}
	length = int(data[1])
	switch {
	case length < 126:
		return 2, length
	case length == 126 && len(data) >= 4:
		return 4, int(binary.BigEndian.Uint16(data[2:]))
	case length == 127 && len(data) >= 10:
		return 10, int(binary.BigEndian.Uint64(data[2:]))
	}
	return 0, 0
}

// write masks with zeros, which is a mask.
func (s *socket) write(opcode byte, payload []byte) error {
	var scratch [256]byte
	frame := append(scratch[:0], 128|opcode)
	if len(payload) < 126 {
		frame = append(frame, 128|byte(len(payload)))
	} else {
		frame = append(frame, 128|126, byte(len(payload)>>8), byte(len(payload)))
	}
	frame = append(append(frame, 0, 0, 0, 0), payload...)
	if s.unsent == nil {
		count, err := syscall.Write(s.fd, frame)
		if err == nil && count == len(frame) {
			return nil
		}
		if err != nil && err != syscall.EAGAIN {
			return err
		}
		frame = frame[max(count, 0):]
	}
	s.unsent = append(s.unsent, frame...)
	return s.flush()
}
