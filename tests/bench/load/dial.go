package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"syscall"
)

const (
	modeCarillon = "carillon"
	modeRaw      = "raw"
	modeSocketIO = "socket.io"
	// Linux: the port of a bound address is chosen with the connection, so that one port serves many of them.
	ipBindAddressNoPort = 24
	// One address has about 28,000 ports to go out from.
	socketsPerSource = 20_000
	loopbackNet      = 127
)

// dialer knows where sockets of one order go.
type dialer struct {
	target  syscall.SockaddrInet4
	host    string
	request string
}

func newDialer(order *SocketOrder) (*dialer, error) {
	switch order.Mode {
	case modeCarillon, modeRaw, modeSocketIO:
	default:
		return nil, fmt.Errorf("mode is %s, %s or %s, not %q", modeCarillon, modeRaw, modeSocketIO, order.Mode)
	}
	address, err := url.Parse(strings.ReplaceAll(order.URL, "{user}", "%7Buser%7D"))
	if err != nil {
		return nil, err
	}
	if address.Scheme != "ws" {
		return nil, errors.New("only ws:// can be measured: TLS would be measured with it")
	}
	host := address.Host
	if address.Port() == "" {
		host += ":80"
	}
	tcp, err := net.ResolveTCPAddr("tcp4", host)
	if err != nil {
		return nil, err
	}
	d := &dialer{host: address.Host, request: strings.ReplaceAll(address.RequestURI(), "%7Buser%7D", "{user}")}
	d.target.Port = tcp.Port
	copy(d.target.Addr[:], tcp.IP.To4())
	return d, nil
}

// connect begins a connection that does not block. Thousands to one loopback server leave from several addresses.
func (d *dialer) connect(number int) (int, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1); err == nil {
		err = d.bind(fd, number)
	}
	if err == nil {
		err = syscall.Connect(fd, &d.target)
	}
	if err != nil && err != syscall.EINPROGRESS {
		_ = syscall.Close(fd)
		return -1, err
	}
	return fd, nil
}

func (d *dialer) bind(fd, number int) error {
	source := number / socketsPerSource
	if source == 0 || d.target.Addr[0] != loopbackNet {
		return nil
	}
	if err := syscall.SetsockoptInt(fd, syscall.SOL_IP, ipBindAddressNoPort, 1); err != nil {
		return err
	}
	return syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{loopbackNet, 0, 1, byte(1 + source)}})
}

// upgrade is the request of one socket. A fixed key is as good as another: nobody is in between.
func (d *dialer) upgrade(s *socket) []byte {
	path := strings.ReplaceAll(d.request, "{user}", s.user)
	request := "GET " + path + " HTTP/1.1\r\nHost: " + d.host +
		"\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
	if s.order.Mode == modeCarillon {
		request += "Sec-WebSocket-Protocol: carillon.v1\r\nAuthorization: Bearer " + s.loop.tokens.of(s.user) + "\r\n"
	}
	return []byte(request + "\r\n")
}
