"""A native app as the browser sees it: a client that registered itself, and a callback on loopback."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

from tests.support.clients import CHALLENGE, VERIFIER

NAME = "<b>Notes</b> & “Co” " + "long" * 12
"""What the app calls itself: to be shown as it is, and to be nothing more than a text."""
RESOURCE = "http://localhost:8000/mcp"


@dataclass
class App:
    """A native app: its callback on loopback, and the client that it registered."""

    issuer: str
    callback: str = ""
    client_id: str = ""
    told: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def authorize_url(self, **more: str) -> str:
        asked = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.callback,
            "scope": "openid email offline_access",
            "state": "the state",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "resource": RESOURCE,
        }
        return f"{self.issuer}/authorize?{urlencode({**asked, **more})}"

    def redeem(self, code: str) -> httpx.Response:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.callback}
        form |= {"client_id": self.client_id, "code_verifier": VERIFIER}
        with httpx.Client(trust_env=False) as http:
            return http.post(f"{self.issuer}/token", data=form)


BACK = b"""<!doctype html><html lang="en"><title>Back in the app</title><link rel="icon" href="data:,">
<p>You can close this page.</p>"""


@contextmanager
def native_app(issuer: str) -> Generator[App]:
    app = App(issuer)

    class Callback(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            if asked.path == "/callback":
                app.told.append(dict(parse_qsl(asked.query)))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(BACK)))
            self.end_headers()
            self.wfile.write(BACK)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Callback) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            app.callback = f"http://127.0.0.1:{server.server_address[1]}/callback"
            metadata = {
                "client_name": NAME,
                "redirect_uris": [app.callback],
                "grant_types": ["authorization_code", "refresh_token"],
                "token_endpoint_auth_method": "none",
            }
            with httpx.Client(trust_env=False) as http:
                registered = http.post(f"{app.issuer}/register", json=metadata)
            app.client_id = registered.json()["client_id"]
            yield app
        finally:
            server.shutdown()
            serving.join()
