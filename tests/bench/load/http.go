package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"strconv"
	"time"
)

const answerBytesMax = 1 << 20

var errNoLength = errors.New("an answer without Content-Length")

// answer is what a POST got. The body is good until the next one on its line.
type answer struct {
	status        int
	hasRetryAfter bool
	body          []byte
}

// post writes one request and reads its answer: no more of HTTP than servers in a measurement need.
func (l *line) post(path, key string, body []byte) (*answer, error) {
	if err := l.connect(); err != nil {
		return nil, err
	}
	out := append(append(append(l.out[:0], "POST "...), path...), " HTTP/1.1\r\nHost: "...)
	out = append(out, l.host...)
	if key != "" {
		out = append(append(out, "\r\nAuthorization: Bearer "...), key...)
	}
	out = append(out, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	out = append(strconv.AppendInt(out, int64(len(body)), 10), "\r\n\r\n"...)
	l.out = append(out, body...)
	if err := l.conn.SetDeadline(time.Now().Add(requestLimit)); err != nil {
		return nil, err
	}
	if _, err := l.conn.Write(l.out); err != nil {
		return nil, err
	}
	return l.answer()
}

func (l *line) connect() error {
	if l.conn != nil {
		return nil
	}
	conn, err := net.DialTimeout("tcp", l.host, requestLimit)
	if err != nil {
		return err
	}
	l.conn, l.reader = conn, bufio.NewReaderSize(conn, 8192)
	return nil
}

func (l *line) answer() (*answer, error) {
	first, err := l.reader.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	if len(first) < 12 {
		return nil, errors.New("not HTTP: " + string(first))
	}
	given := &answer{}
	if given.status, err = strconv.Atoi(string(first[9:12])); err != nil {
		return nil, err
	}
	length, isLast, err := l.fields(given)
	if err != nil {
		return nil, err
	}
	if length < 0 || length > answerBytesMax {
		return nil, errNoLength
	}
	given.body = make([]byte, length)
	if _, err = io.ReadFull(l.reader, given.body); err != nil {
		return nil, err
	}
	if isLast {
		l.close()
	}
	return given, nil
}

func (l *line) fields(given *answer) (length int, isLast bool, err error) {
	length = -1
	for {
		field, err := l.reader.ReadSlice('\n')
		if err != nil {
			return 0, false, err
		}
		name, value, _ := bytes.Cut(bytes.TrimRight(field, "\r\n"), []byte(":"))
		if len(name) == 0 {
			return length, isLast, nil
		}
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, false, err
			}
		case bytes.EqualFold(name, []byte("Retry-After")):
			given.hasRetryAfter = len(value) > 0
		case bytes.EqualFold(name, []byte("Connection")):
			isLast = bytes.EqualFold(value, []byte("close"))
		}
	}
}

// acceptedOf is how many messages of the request were taken.
func (a *answer) acceptedOf(order *PostOrder) int {
	if order.Batch == 1 || order.Style == "nchan" {
		return order.Batch
	}
	return int(number(a.body, []byte(`"accepted":`)))
}
