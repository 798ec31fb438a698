"""Serves pages and prints numbered lines on both of its outputs until SIGTERM, then says how many, and exits with 7."""

import http.server
import signal
import sys
import threading
import time

stop = threading.Event()


class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = f"page {self.path} of {sys.version_info.major}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


signal.signal(signal.SIGTERM, lambda *_: stop.set())
server = http.server.ThreadingHTTPServer(("", 8000), Page)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
number = 0
while not stop.is_set():
    number += 1
    print("out", number, flush=True)
    print("err", number, file=sys.stderr, flush=True)
    time.sleep(0.005)
print("last", number, flush=True)
sys.exit(7)
