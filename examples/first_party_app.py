"""A web app of your own, whose users sign in at a Tenantry issuer. Standard library only; copy what you need.

    tenantry issuer update demo --first-party-origin http://localhost:3000
    python examples/first_party_app.py --issuer http://localhost:8080 --port 3000

Whoever opens a page is sent to the issuer and comes back with a code, which the app exchanges for a token. What makes
it safe is in `leave` and `come_back`: a cookie for each sign-in, with the secret that its code is bound to.
"""

import argparse
import base64
import hashlib
import html
import json
import re
import secrets
import sys
import urllib.error
import urllib.request
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

TEN_MINUTES = 600
OWN_PAGE = re.compile(r"/(?![/\\])[!-~]*")
"""No other host, and nothing that a browser skips or a header ends at: to browsers, `/`, a tab and `/` are `//`."""


class IssuerRefused(Exception):
    """The issuer gave no token for a code, or no user for a token."""


class Issuer:
    def __init__(self, uri: str) -> None:
        self.uri = uri

    def exchange(self, code: str, verifier: str) -> dict[str, Any]:
        """`token` and `expiresIn`, in seconds."""
        body = json.dumps({"code": code, "code_verifier": verifier}).encode()
        return self._ask("/exchange", {"Content-Type": "application/json"}, body)

    def user(self, token: str) -> dict[str, Any]:
        """`sub`, which never changes, and `email` and `name`, which may."""
        return self._ask("/userinfo", {"Authorization": f"Bearer {token}"})

    def _ask(self, path: str, headers: dict[str, str], body: bytes | None = None) -> dict[str, Any]:
        request = urllib.request.Request(self.uri + path, body, headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except (urllib.error.URLError, TimeoutError, ValueError) as error:
            raise IssuerRefused(str(error)) from None


class App(BaseHTTPRequestHandler):
    issuer: Issuer
    origin: str
    signed_in: dict[str, dict[str, Any]]
    """Users by session. A real app keeps this in its database, and ends a session in time."""

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        user = self.signed_in.get(self.cookies().get("app-session", ""))
        if where.path == "/callback":
            self.come_back(dict(parse_qsl(where.query)))
        elif user is None:
            self.leave()
        else:
            self.page(200, f"Hello {user.get('email') or user['sub']}, this is {self.path}")

    def leave(self) -> None:
        """To the issuer, with a way back to this page."""
        state, verifier = secrets.token_hex(16), secrets.token_urlsafe(32)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "returnTo": self.origin + self.path,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        self.send_response(303)
        self.send_header("Location", f"{self.issuer.uri}/login?{urlencode(asked)}")
        self.cookie(f"sign-in-{state}", verifier, TEN_MINUTES)
        self.end_headers()

    def come_back(self, told: dict[str, str]) -> None:
        """Only in the browser that left, only from the issuer that it left for, and only to a page of this app."""
        name = f"sign-in-{told.get('state', '')}"
        verifier = self.cookies().get(name)
        if verifier is None or told.get("iss") != self.issuer.uri:
            self.page(400, "This sign-in was not begun here. Open the page again.")
            return
        try:
            if "code" not in told:
                raise IssuerRefused(told.get("error"))
            user = self.issuer.user(self.issuer.exchange(told["code"], verifier)["token"])
        except IssuerRefused as refused:
            self.page(403, f"You are not signed in: {refused}")
            return
        session = secrets.token_hex(32)
        self.signed_in[session] = user
        page = told.get("returnTo", "/")  # anybody can have written it
        self.send_response(303)
        self.send_header("Location", page if OWN_PAGE.fullmatch(page) else "/")
        self.cookie("app-session", session, 8 * 3_600)
        self.cookie(name, "", 0)
        self.end_headers()

    def cookies(self) -> dict[str, str]:
        try:
            return {name: morsel.value for name, morsel in SimpleCookie(self.headers.get("Cookie", "")).items()}
        except CookieError:
            return {}

    def cookie(self, name: str, value: str, lives: int) -> None:
        secure = "; Secure" if self.origin.startswith("https:") else ""
        self.send_header("Set-Cookie", f"{name}={value}; Max-Age={lives}; Path=/; HttpOnly; SameSite=Lax{secure}")

    def page(self, status: int, text: str) -> None:
        body = f"<!doctype html><title>App</title><p>{html.escape(text)}</p>".encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Not with its query: that holds codes."""
        print(self.command, urlsplit(self.path).path, *args[1:2], file=sys.stderr)


def main() -> None:
    options = argparse.ArgumentParser(description="A web app whose users sign in at a Tenantry issuer.")
    options.add_argument("--issuer", required=True, help="its URI, such as http://localhost:8080")
    options.add_argument("--port", type=int, default=3000)
    given = options.parse_args()
    App.issuer, App.origin, App.signed_in = Issuer(given.issuer), f"http://localhost:{given.port}", {}
    with ThreadingHTTPServer(("localhost", given.port), App) as server:
        print(f"open {App.origin}/hello", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
