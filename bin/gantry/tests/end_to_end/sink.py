"""A receiver of logs that prints each record which it gets as one line of JSON.

sink.py gelf-udp PORT | gelf-tcp PORT | fluentd PORT-OR-PATH [ack] | splunk PORT
"""

import gzip
import http.server
import json
import os
import socket
import sys
import threading
import zlib


def tell(record):
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


def listen(place, kind):
    if place.startswith("/"):
        if os.path.exists(place):
            os.unlink(place)
        receiver = socket.socket(socket.AF_UNIX, kind)
        receiver.bind(place)
    else:
        receiver = socket.socket(socket.AF_INET, kind)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        receiver.bind(("127.0.0.1", int(place)))
    if kind == socket.SOCK_STREAM:
        receiver.listen()
    tell("listening")
    return receiver


def serve(place, handle):
    receiver = listen(place, socket.SOCK_STREAM)
    while True:
        stream, _ = receiver.accept()
        threading.Thread(target=handle, args=(stream,), daemon=True).start()


def unpack(packet):
    if packet[:2] == b"\x1f\x8b":
        return "gzip", gzip.decompress(packet)
    if packet[:1] == b"\x78":
        return "zlib", zlib.decompress(packet)
    return "none", packet


def gelf_udp(place):
    receiver = listen(place, socket.SOCK_DGRAM)
    parts = {}
    while True:
        packet = receiver.recv(65536)
        chunks = 1
        if packet[:2] == b"\x1e\x0f":
            name, number, chunks = packet[2:10], packet[10], packet[11]
            parts.setdefault(name, {})[number] = packet[12:]
            if len(parts[name]) < chunks:
                continue
            packet = b"".join(part for _, part in sorted(parts.pop(name).items()))
        packing, text = unpack(packet)
        tell(dict(json.loads(text), packing=packing, chunks=chunks))


def gelf_tcp(stream):
    rest = b""
    while data := stream.recv(65536):
        *whole, rest = (rest + data).split(b"\0")
        for record in whole:
            tell(json.loads(record))


def fluentd(stream):
    sys.path.append("/usr/lib/python3/dist-packages")
    import msgpack

    unpacker = msgpack.Unpacker(raw=False)
    while data := stream.recv(65536):
        unpacker.feed(data)
        for tag, time, record, option in unpacker:
            if isinstance(time, msgpack.ExtType):
                assert time.code == 0 and len(time.data) == 8
                time = [int.from_bytes(time.data[:4], "big"), int.from_bytes(time.data[4:], "big")]
            tell({"tag": tag, "time": time, "record": record})
            if "chunk" in option:
                stream.sendall(msgpack.packb({"ack": option["chunk"]}))


class Collector(http.server.BaseHTTPRequestHandler):
    def do_OPTIONS(self):
        self.answer(200)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        packing = self.headers.get("Content-Encoding", "none")
        if packing == "gzip":
            body = gzip.decompress(body)
        if self.path != "/services/collector/event/1.0" or self.headers["Authorization"] != "Splunk secret":
            return self.answer(403)
        decoder, text = json.JSONDecoder(), body.decode()
        while text:
            record, end = decoder.raw_decode(text)
            tell(dict(record, packing=packing))
            text = text[end:]
        self.answer(200)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def splunk(place):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(place)), Collector)
    tell("listening")
    server.serve_forever()


kind, place = sys.argv[1:3]
if kind == "gelf-udp":
    gelf_udp(place)
elif kind == "splunk":
    splunk(place)
else:
    serve(place, {"gelf-tcp": gelf_tcp, "fluentd": fluentd}[kind])
