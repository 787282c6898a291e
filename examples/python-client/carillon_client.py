"""A client of carillon.v1 in plain Python 3.11, written from docs/reference/protocol.md and nothing else.

Prints each message as a line of JSON, then saves its position, then acks: a message whose line was printed
and whose position was saved is never printed again. It must never ack what is not saved.
"""

import argparse
import base64
import contextlib
import hashlib
import json
import os
import random
import socket
import ssl
import struct
import sys
import time
import urllib.parse
import urllib.request

ACK_DELAY_S, ACK_EVERY = 0.1, 16
BACKOFF_MIN_S, BACKOFF_MAX_S, STABLE_AFTER_S = 0.5, 30.0, 30.0
HANDSHAKE_S, FRAME_BYTES_MAX = 5.0, 262_144
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, CLOSE, PING, PONG = 0, 1, 8, 9, 10


class Closed(Exception):
    """The socket is gone: its close code, 1006 where there was none, and why."""


class WebSocket:
    """RFC 6455 as far as a client of Carillon needs it: text messages, pings, close."""

    def __init__(self, url: str, token: str) -> None:
        parts = urllib.parse.urlsplit(url)
        port = parts.port or (443 if parts.scheme == "wss" else 80)
        self.socket = socket.create_connection((parts.hostname, port), timeout=HANDSHAKE_S)
        if parts.scheme == "wss":
            self.socket = ssl.create_default_context().wrap_socket(self.socket, server_hostname=parts.hostname)
        self.buffer = self.message = b""
        key = base64.b64encode(os.urandom(16))
        request = (
            f"GET {parts.path or '/v1/connect'} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key.decode()}\r\nSec-WebSocket-Protocol: carillon.v1\r\n"
            f"Authorization: Bearer {token}\r\n\r\n"
        )
        self.socket.sendall(request.encode())
        while b"\r\n\r\n" not in self.buffer:
            self._receive()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        status, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest()).decode()
        if status.split()[1] != "101" or headers.get("sec-websocket-accept") != accept:
            raise Closed(1006, f"the upgrade was answered {status}")

    def _receive(self) -> None:
        if not (data := self.socket.recv(65_536)):
            raise Closed(1006, "the connection ended")
        self.buffer += data

    def send(self, frame: dict) -> None:
        self._write(TEXT, json.dumps(frame, separators=(",", ":")).encode())

    def close(self, code: int) -> None:
        with contextlib.suppress(OSError):  # It may be gone already, which is what we want.
            self._write(CLOSE, struct.pack("!H", code))
        self.socket.close()

    def _write(self, opcode: int, payload: bytes) -> None:
        # A frame of ours has at most 16 KiB, so its length never needs 64 bits.
        size, mask = len(payload), os.urandom(4)
        length = struct.pack("!B", 0x80 | size) if size < 126 else struct.pack("!BH", 0x80 | 126, size)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
        self.socket.sendall(bytes([0x80 | opcode]) + length + mask + masked)

    def next(self, timeout_s: float) -> dict | None:
        """The next frame of Carillon, or None when nothing came in this time. Raises Closed."""
        deadline = time.monotonic() + timeout_s
        while (message := self._take()) is None:
            # A time-out of 0 would mean "do not block", which is another error.
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                self._receive()
            except TimeoutError:
                return None
            finally:
                self.socket.settimeout(HANDSHAKE_S)
        return json.loads(message)

    def _take(self) -> bytes | None:
        while (parsed := self._parse()) is not None:
            first, payload = parsed
            opcode = first & 0x0F
            if opcode == PING:
                self._write(PONG, payload)
            elif opcode == CLOSE:
                code = int.from_bytes(payload[:2]) or 1000
                self.close(code)
                raise Closed(code, payload[2:].decode(errors="replace"))
            elif opcode in (TEXT, CONTINUATION):
                message = self.message + payload
                self.message = b"" if first & 0x80 else message
                if first & 0x80:
                    return message
        return None

    def _parse(self) -> tuple[int, bytes] | None:
        if len(self.buffer) < 2:
            return None
        length = self.buffer[1]
        start = {126: 4, 127: 10}.get(length, 2)
        if start > 2:
            length = int.from_bytes(self.buffer[2:start])
        if length > FRAME_BYTES_MAX:
            raise Closed(1009, "the server sent more than a frame may have")
        if len(self.buffer) < start + length:
            return None
        first, payload = self.buffer[0], self.buffer[start : start + length]
        self.buffer = self.buffer[start + length :]
        return first, payload


class Position:
    """What is settled, per log, of one user and epoch; kept in a file, all or nothing."""

    def __init__(self, path: str) -> None:
        self.path, self.user, self.epoch = path, None, None
        self.settled: dict[str, int] = {}
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                self.user, self.epoch, self.settled = json.load(file)

    def save(self) -> None:
        with open(f"{self.path}.new", "w", encoding="utf-8") as file:
            json.dump([self.user, self.epoch, self.settled], file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(f"{self.path}.new", self.path)


class Session:
    """One socket, from hello to its close."""

    def __init__(self, ws: WebSocket, position: Position, options: argparse.Namespace) -> None:
        self.ws, self.position, self.options = ws, position, options
        self.silence_s, self.is_open = 1.5 * 25.0, False
        self.unacked: dict[str, int] = {}
        self.ack_at = self.refresh_at = float("inf")

    def run(self) -> None:
        """Never returns: raises Closed."""
        position = self.position
        whose = {"user": position.user, "epoch": position.epoch} if position.user else {}
        hello = {"device": self.options.device, "instance": f"py-{os.getpid()}", "cursors": position.settled}
        self.ws.send({"type": "hello", "topics": [], **hello, **whose})
        heard_at = time.monotonic()
        while True:
            wake_at = min(self.ack_at, self.refresh_at, heard_at + self.silence_s)
            frame = self.ws.next(wake_at - time.monotonic())
            now = time.monotonic()
            if frame is not None:
                heard_at = now
                self.take(frame)
            elif now >= heard_at + self.silence_s:
                self.ws.close(4202)
                raise Closed(4202, "nothing was heard")
            if now >= self.ack_at or sum(self.unacked.values()) >= ACK_EVERY:
                self.ack()
            if now >= self.refresh_at:
                self.refresh_at = float("inf")
                self.ws.send({"type": "token", "token": fetch_token(self.options)})

    def take(self, frame: dict) -> None:
        match frame["type"]:
            case "welcome":
                self.welcome(frame)
            case "message":
                self.settle(frame["log"], frame["seq"], frame["seq"], frame)
            case "skip":
                self.settle(frame["log"], frame["from"], frame["to"], None)
            case "ping":
                self.ws.send({"type": "pong"})
            case "token-accepted":
                self.refresh_at = halfway(frame["expiresAt"])
            case "drain":
                self.ack()
                self.ws.close(1000)  # The simple way; without a pause, open the new socket first.
                raise Closed(4200, "the node goes away")
            # `error`, `read` and whatever comes with later servers do not concern us.

    def welcome(self, frame: dict) -> None:
        self.is_open = True
        self.silence_s = 1.5 * frame["heartbeatMs"] / 1000
        self.refresh_at = halfway(frame["tokenExpiresAt"])
        if (self.position.user, self.position.epoch) != (frame["user"], frame["epoch"]):
            self.position.user, self.position.epoch = frame["user"], frame["epoch"]
            self.position.settled = {}  # Positions of another user or epoch mean nothing here.
        for log, start in frame["logs"].items():
            if not start["resumed"]:
                print(f"{log}: something may be missing before {start['from'] + 1}", file=sys.stderr)
            if not start["resumed"] or log not in self.position.settled:
                self.position.settled[log] = start["from"]
        self.position.save()

    def settle(self, log: str, first: int, last: int, message: dict | None) -> None:
        """Handles one entry, or passes over some. We handle each at once: received and settled are one."""
        received = self.position.settled.get(log, 0)
        if last <= received:
            return  # Taken before.
        if first > received + 1:
            self.ws.close(4204)
            raise Closed(4204, f"{log}: {received + 1} is missing")
        if message is not None:
            print(json.dumps(message), flush=True)
        self.position.settled[log] = last
        self.position.save()
        self.unacked[log] = self.unacked.get(log, 0) + 1
        self.ack_at = min(self.ack_at, time.monotonic() + ACK_DELAY_S)

    def ack(self) -> None:
        for log in self.unacked:
            self.ws.send({"type": "ack", "log": log, "seq": self.position.settled[log]})
        self.unacked.clear()
        self.ack_at = float("inf")


def halfway(expires_at_ms: int) -> float:
    return time.monotonic() + max(expires_at_ms / 1000 - time.time(), 2.0) / 2


def fetch_token(options: argparse.Namespace) -> str:
    """A client of yours asks your own backend, which alone has the API key."""
    headers = {"Authorization": f"Bearer {os.environ['CARILLON_KEY']}", "Content-Type": "application/json"}
    request = urllib.request.Request(options.tokens, json.dumps({"user": options.user}).encode(), headers)
    with urllib.request.urlopen(request, timeout=HANDSHAKE_S) as answer:
        return json.load(answer)["token"]


def main() -> int:
    parser = argparse.ArgumentParser(description="Prints the messages of a user, each once, as lines of JSON.")
    defaults = {"url": "ws://127.0.0.1:8080/v1/connect", "tokens": "http://127.0.0.1:8080/v1/tokens"}
    defaults |= {"user": "42", "device": "python", "position": "position.json"}
    for name, default in defaults.items():
        parser.add_argument(f"--{name}", default=default)
    options = parser.parse_args()
    position, ceiling_s = Position(options.position), BACKOFF_MIN_S
    while True:
        session, opened_at = None, time.monotonic()
        try:
            session = Session(WebSocket(options.url, fetch_token(options)), position, options)
            session.run()
        except (Closed, OSError) as error:
            code = error.args[0] if isinstance(error, Closed) else 1006
            print("closed:", *error.args, file=sys.stderr)
        if 4000 <= code < 4100:
            return 1
        was_open = session is not None and session.is_open
        if was_open and time.monotonic() - opened_at > STABLE_AFTER_S:
            ceiling_s = BACKOFF_MIN_S
        if not (4200 <= code < 4300 and was_open):
            time.sleep(random.uniform(0, ceiling_s))
            ceiling_s = min(ceiling_s * 2, BACKOFF_MAX_S)


if __name__ == "__main__":
    sys.exit(main())
