"""A refusal: the protocol says no. It knows an OAuth error code, and no HTTP status.

Raised inside a turn it undoes what the turn wrote; returned from an act it keeps it.
"""


class Refusal(Exception):
    """`description` is safe for anyone to read (RFC 6749 §5.2 characters only); `detail` is for our log.

    `redirect` is the whole URI that carries the refusal back to the client, once its redirect URI is proven.
    `automatic` is False where the client is not trusted enough to send a browser there unasked (RFC 9700 §4.11.2).
    `dpop_nonce` is what the next proof of possession must bear (RFC 9449 §8).
    """

    def __init__(self, code: str, description: str = "", *, detail: str = "") -> None:
        super().__init__(code, description)
        self.code = code
        self.description = description
        self.detail = detail
        self.redirect: str | None = None
        self.automatic = True
        self.dpop_nonce: str | None = None

    def sent_to(self, uri: str, *, automatic: bool) -> "Refusal":
        """The same refusal, to be carried back by a redirect to `uri`."""
        self.redirect = uri
        self.automatic = automatic
        return self
