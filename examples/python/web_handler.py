"""A web handler that binds a phone on login: it answers at once, and the outbox
delivers. What fails in the background is logged, and the exit status is 1 when
something was left. Options come from the environment (``XGPUSH_ACCESS_ID`` …).

    python web_handler.py 8080      then: curl -d 'phone=t1&player=alice' localhost:8080/login
"""

import logging
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import xgpush


def handler(outbox: xgpush.Outbox) -> type:
    class Login(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            form = {key: values[0] for key, values in parse_qs(self.rfile.read(length).decode()).items()}
            try:
                if self.path == "/login":
                    outbox.bind(form.get("phone", ""), form.get("player", ""))
                else:
                    outbox.clear_token(form.get("phone", ""))
                self.send_response(202)
            except xgpush.Full:
                self.send_response(503)
            except xgpush.Error as error:  # what is no token, or no account
                self.send_error(400, str(error)[:100])
                return
            self.end_headers()

        def do_GET(self) -> None:
            """``/metrics``"""
            page = outbox.prometheus().encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *_: object) -> None:
            pass

    return Login


def tell(outbox: xgpush.Outbox) -> None:
    """Runs until the outbox is closed and every report was taken."""
    for report in outbox:
        if not report.accepted and report.reason != "superseded":
            print(f"not delivered: {report.message}", file=sys.stderr)


def serve(port: int) -> int:
    with xgpush.Outbox.from_env() as outbox:
        teller = threading.Thread(target=tell, args=(outbox,))
        teller.start()
        server = ThreadingHTTPServer(("127.0.0.1", port), handler(outbox))
        print(f"listening on http://127.0.0.1:{server.server_port}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            pass
        left = outbox.close(10)
        teller.join()
        print(f"{outbox.stats['accepted']} delivered, {left} left")
        return 1 if left else 0


if __name__ == "__main__":
    logging.basicConfig()  # a wrong key, a service that is away
    sys.exit(serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
