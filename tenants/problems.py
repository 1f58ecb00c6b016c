"""What the house cannot do, as against what the protocol refuses (tenants/oauth/refusal.py)."""


class Problem(Exception):
    """The house cannot do what was asked. Nothing was changed."""


class NoSuchIssuer(Problem):
    """No issuer bears this name, or none listens at this host."""


class IssuerUnavailable(Problem):
    """The issuer exists but does not serve: disabled, deleted or still being built."""


class IssuerIdTaken(Problem):
    """Another issuer has, or once had, this id."""


class IssuerIdDeleted(IssuerIdTaken):
    """The issuer that has this id is deleted, and can come back."""


class IssuerUriTaken(Problem):
    """Another issuer has, or once had, this URI or host: clients bind credentials to it, so it is never given away."""


class HostTaken(Problem):
    """An issuer's own host, a further one of an issuer, or one that was claimed for an issuer not long ago."""


class EtagMismatch(Problem):
    """The thing has changed since the caller read it."""

    def __init__(self, current: str) -> None:
        super().__init__(f"the current etag is {current}")
        self.current = current


class NoSuchThing(Problem):
    """The issuer is there; the client, user or key that was named is not."""


class AlreadyThere(Problem):
    """The issuer already has a thing of this name."""


class Invalid(Problem):
    """A value cannot be accepted. `field` is the path of the value as the caller knows it."""

    def __init__(self, field: str, description: str) -> None:
        super().__init__(f"{field}: {description}")
        self.field = field
        self.description = description


class Busy(Problem):
    """Too much waits for this tenant already; come back in `retry_after` seconds."""

    def __init__(self, retry_after: int = 1) -> None:
        super().__init__("too many requests wait for this issuer")
        self.retry_after = retry_after


class TooMany(Problem):
    """Somebody asks more often than a limit allows; they may come back in `retry_after` seconds."""

    def __init__(self, kind: str, retry_after: int) -> None:
        super().__init__(f"the {kind} limit is reached")
        self.kind = kind
        self.retry_after = retry_after


class OperationInProgress(Problem):
    """An operation is under way that this one would collide with; the text is its name."""


class OperationRuns(Problem):
    """It has not ended, so it cannot be forgotten; the text is its name."""


class OperationCancelled(Problem):
    """Somebody wanted it to end before its time, and it has. What it had done by then stays done."""


class Unfetched(Problem):
    """What is needed of somebody else's server cannot be had now. The message is for the log, and quotes nothing."""


class Broken(Problem):
    """The tenant's file cannot be read or written. Other tenants are not touched."""


class Unknown(Broken):
    """A COMMIT failed: what it held may or may not be kept. Whoever asked must read again before trying again."""


class NewerSchema(Broken):
    """The file was written by a newer Tenantry. It was not touched."""
