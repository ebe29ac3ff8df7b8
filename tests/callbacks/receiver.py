#!/usr/bin/env python3
"""receiver.py DIRECTORY OPENSSL: a receiver of callbacks on a port of 127.0.0.1, with a certificate of an authority of
its own, DIRECTORY/ca.pem. Says the port on the first line, then obeys the lines of its standard input until that ends:

    await N    answers "done" once N requests have come since the last `take`, "late" before it after 10 seconds
    take       answers what has come since then: "connections N", for each request "request METHOD PATH", a line
               "header NAME: VALUE" each, "body TEXT"; in the end "done"

The first part of a request's path says what becomes of it: see `behaviours`."""

import collections
import pathlib
import socketserver
import ssl
import subprocess
import sys
import threading
import time

NAMES = ["localhost", "receiver.example", "other.receiver.example"]
CONFIG = """[req]
distinguished_name = name
prompt = no
[name]
CN = Test
[authority]
basicConstraints = critical, CA:TRUE
subjectKeyIdentifier = hash
[receiver]
basicConstraints = critical, CA:FALSE
subjectAltName = """ + ", ".join("DNS:" + name for name in NAMES) + "\n"


def make_certificates(directory, openssl):
    (directory / "openssl.cnf").write_text(CONFIG, encoding="utf-8")

    def request(name, *more):
        subprocess.run([openssl, "req", "-x509", "-config", "openssl.cnf", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-keyout", name + ".key", "-out",
                        name + ".pem", *more], cwd=directory, check=True, stderr=subprocess.DEVNULL)

    request("ca", "-subj", "/CN=Authority of a test", "-extensions", "authority")
    request("receiver", "-subj", "/CN=receiver.example", "-extensions", "receiver", "-CA", "ca.pem", "-CAkey", "ca.key")


class Log:
    """What has come since the last take()."""

    def __init__(self):
        self.changed = threading.Condition()
        self.connections = 0
        self.requests = []

    def connection(self):
        with self.changed:
            self.connections += 1

    def request(self, lines):
        with self.changed:
            self.requests.append(lines)
            self.changed.notify_all()

    def wait_for(self, number):
        with self.changed:
            return self.changed.wait_for(lambda: len(self.requests) >= number, timeout=10)

    def take(self):
        with self.changed:
            lines = [f"connections {self.connections}"] + [line for request in self.requests for line in request]
            self.connections, self.requests = 0, []
            return lines


log = Log()
visits = collections.Counter()  # of paths


def head(status, *headers):
    return "\r\n".join([f"HTTP/1.1 {status} Said", *headers, "", ""]).encode()


def answer(connection, path, statuses):
    """/answer/500/200/…: these statuses in turn, the last for good."""
    status = statuses[min(visits[path], len(statuses) - 1)]
    visits[path] += 1
    connection.sendall(head(status, "Content-Length: 5") + b"Thing")


def redirect(connection, path, rest):
    connection.sendall(head(302, "Location: /answer/200/redirected", "Content-Length: 0"))


def retry_after(connection, path, rest):
    """/retry_after/STATUS/SECONDS"""
    connection.sendall(head(rest[0], f"Retry-After: {rest[1]}", "Content-Length: 0"))


def hang(connection, path, rest):
    connection.recv(1)  # until the other side ends it


def hang_first(connection, path, rest):
    """/hang_first/STATUS: hangs the first time only."""
    visits[path] += 1
    if visits[path] == 1:
        hang(connection, path, rest)
    else:
        connection.sendall(head(rest[0], "Content-Length: 0"))


def delay(connection, path, rest):
    """/delay/MILLISECONDS/STATUS"""
    time.sleep(int(rest[0]) / 1000)
    connection.sendall(head(rest[1], "Content-Length: 0"))


def quit_unanswered(connection, path, rest):
    pass


def break_off(connection, path, rest):
    """Ends within the headers."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Begun: 1\r\n")


def endless_headers(connection, path, rest):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X-More: " + b"x" * 1000 + b"\r\n")


def endless_informations(connection, path, rest):
    while True:
        connection.sendall(head(103) * 100)


def endless_body(connection, path, rest):
    """/endless_body/STATUS"""
    connection.sendall(head(rest[0], "Connection: close"))
    while True:
        connection.sendall(b"x" * 10000)


def stalled_body(connection, path, rest):
    """/stalled_body/STATUS"""
    connection.sendall(head(rest[0], "Content-Length: 10") + b"x")
    connection.recv(1)


behaviours = {function.__name__: function for function in (
    answer, redirect, retry_after, hang, hang_first, delay, quit_unanswered, break_off, endless_headers,
    endless_informations, endless_body, stalled_body)}


class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        log.connection()
        try:
            with tls.wrap_socket(self.request, server_side=True) as connection:
                self.serve(connection)
        except (ssl.SSLError, OSError):
            pass  # the other side had enough

    def serve(self, connection):
        with connection.makefile("rb") as stream:
            first = stream.readline().decode()
            if not first:
                return  # the certificate was not liked
            method, path, _ = first.split(" ", 2)
            lines = [f"request {method} {path}"]
            length = 0
            for line in iter(stream.readline, b"\r\n"):
                lines.append("header " + line.decode().rstrip("\r\n"))
                name, _, value = line.decode().partition(":")
                if name.lower() == "content-length":
                    length = int(value)
            lines.append("body " + stream.read(length).decode())
            log.request(lines)
            parts = path.partition("?")[0].split("/")
            behaviours[parts[1]](connection, path, parts[2:])


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


place = pathlib.Path(sys.argv[1])
make_certificates(place, sys.argv[2])
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(place / "receiver.pem", place / "receiver.key")
server = Server(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
for command in sys.stdin:
    words = command.split()
    if words[0] == "await":
        if not log.wait_for(int(words[1])):
            print("late")
    elif words[0] == "take":
        print("\n".join(log.take()))
    print("done", flush=True)
