"""Why a server cannot be spoken to that answers: nothing goes to it but what begins TLS."""

import re
import socket
import ssl
from dataclasses import dataclass

WITHIN = 2.0
"""Seconds that the look takes at most, for each of its steps."""
_PLACE = re.compile(r"\[?([^\]]+)\]?:([0-9]+)")
_OTHER_NAME = (62, 64)
"""X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH."""
_ENDED = 10
"""X509_V_ERR_CERT_HAS_EXPIRED."""


@dataclass(frozen=True, slots=True)
class Tls:
    """In PEM: who makes the server's certificate (None: anybody whom gRPC knows), and what to show it."""

    ca: bytes | None
    cert: bytes | None
    key: bytes | None


def trouble(address: str, tls: Tls | None) -> str:
    """What is wrong between such a caller and who answers there, and what to do; empty if that is not to be seen."""
    place = _PLACE.fullmatch(address)
    if place is None:
        return ""
    host, port = place[1], int(place[2])
    try:
        context = ssl.create_default_context(cadata=None if tls is None or tls.ca is None else tls.ca.decode("ascii"))
    except (ssl.SSLError, ValueError):
        return "the file of --ca holds no certificate in PEM"
    if tls is None:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    try:
        with socket.create_connection((host, port), WITHIN) as line:
            return _greeted(line, host, context, tls)
    except OSError:
        return ""


def _greeted(line: socket.socket, host: str, context: ssl.SSLContext, tls: Tls | None) -> str:
    try:
        with context.wrap_socket(line, server_hostname=host) as greeted:
            return "it speaks TLS: give --ca" if tls is None else _refused(greeted, tls)
    except ssl.SSLCertVerificationError as error:
        if error.verify_code in _OTHER_NAME:
            return f"its certificate is for another name than {host}"
        if error.verify_code == _ENDED:
            return "its certificate has ended"
        return f"its certificate is not of who is in --ca: {error.verify_message}"
    except OSError:
        return (
            "what answers there may not be the admin API"
            if tls is None
            else "it answers, but not by TLS: leave --ca out"
        )


def _refused(greeted: ssl.SSLSocket, tls: Tls) -> str:
    """A server that wants a certificate ends the line after the handshake (RFC 8446 §4.4.2.4); others begin HTTP/2."""
    try:
        hung_up = not greeted.recv(1)
    except TimeoutError:
        return ""
    except OSError:
        hung_up = True
    if not hung_up:
        return "" if tls.cert is None else "--cert and --key may not belong together"
    return "it wants a certificate: give --cert and --key" if tls.cert is None else "it does not take the one of --cert"
