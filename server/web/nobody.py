"""What is said where there is no issuer: always the same, whatever host was asked for."""

from server.web import replies
from server.web.replies import Reply

_PAGE = """<!doctype html>
<html lang="en" dir="ltr">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>There is nothing here</title>
<h1>There is nothing here</h1>
<p>No issuer has this address.</p>
"""
_IN_DEVELOPMENT = (
    "<p>In development, open it as <strong>localhost</strong>, at the same port, and not as 127.0.0.1.</p>\n"
)

TO_PROGRAMS = replies.error(404, "not_found")


def to_browsers(*, development: bool) -> Reply:
    return replies.page(404, _PAGE + _IN_DEVELOPMENT if development else _PAGE)
