"""An authorization request arrives: it is answered at once, or the user is asked to sign in or to consent."""

from dataclasses import dataclass

from tenants.acts import ticket
from tenants.acts.asked import is_loopback, returns_by_itself, sender
from tenants.acts.who import recognise, session_for, signed_in, start_session
from tenants.oauth import authorization, redirect_uri, uri
from tenants.oauth.authorization import AuthorizationRequest
from tenants.oauth.claims import Profile
from tenants.oauth.handle import SECRET_BYTES, mint
from tenants.oauth.refusal import Refusal
from tenants.records import Client, Consent, Grant, Session, User
from tenants.turn import Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A browser at /authorize."""

    query: bytes
    browser: str
    """What this browser's cookie says; nobody else's does."""
    session: str | None = None
    automatic_user: Profile | None = None
    """Dev mode only: who is signed in without being asked."""
    automatic_consent: bool = False


@dataclass(frozen=True, slots=True)
class Redirect:
    """The answer goes to the client."""

    uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WhoAsks:
    """What a user must see before they go on for a client. All names in it are the client's own words."""

    client: str
    verified: bool
    """Whether the operator made this client; any other's name is its own claim."""
    redirect_host: str
    loopback: bool
    resource: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskSignIn:
    """It is said who asks before the user is sent to any provider (MCP 2026-07-28, confused deputy)."""

    ticket: str
    asks: WhoAsks
    providers: tuple[tuple[str, str], ...]
    """Identity providers to choose from: id, and name as shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskConsent:
    ticket: str
    asks: WhoAsks
    user: str
    offline: bool
    new_session: str | None = None
    """The value of a session cookie to set with the page."""


def authorize(turn: Turn, arrival: Arrival) -> Redirect | AskSignIn | AskConsent:
    """What comes next for this browser. Refusals carry a redirect once client and redirect URI are proven."""
    asked, client, address = sender(turn, arrival.query)
    present = signed_in(turn, arrival.session)
    try:
        request = authorization.complete(asked, address, client, turn.issuer)
        return _next(turn, arrival, request, client, present)
    except Refusal as refusal:
        automatic = returns_by_itself(client, address.redirect_uri) or arrival.automatic_user is not None
        automatic = automatic or (present is not None and bool(turn.tx.consents.of_user(present[1].id, client.id)))
        raise refusal.sent_to(address.refuse(refusal), automatic=automatic) from None


def _next(
    turn: Turn, arrival: Arrival, request: AuthorizationRequest, client: Client, present: tuple[Session, User] | None
) -> Redirect | AskSignIn | AskConsent:
    if present is not None and not _fresh(turn, request, present[0]):
        present = None
    new_session: str | None = None
    if present is None and arrival.automatic_user is not None:
        user = recognise(turn, arrival.automatic_user)
        if arrival.automatic_consent:
            return Redirect(give_code(turn, request, session_for(turn, user, arrival.automatic_user, "")))
        new_session, session = start_session(turn, user, arrival.automatic_user)
    elif present is not None:
        session, user = present
    elif "none" in request.prompt:
        raise Refusal("login_required", "the user is not signed in")
    else:
        return ask_sign_in(
            turn, ticket.hand_out(turn, "sign-in", arrival.query, browser=arrival.browser), client, request
        )
    before = remembered(turn, user, request)
    allowed = before is not None and set(request.scopes) <= set(before.scopes) and "consent" not in request.prompt
    allowed = allowed and _comes_back_only_to(client, request.address.redirect_uri)
    if allowed or arrival.automatic_consent:
        return Redirect(give_code(turn, request, session))
    if "none" in request.prompt:
        raise Refusal("consent_required", "the user has not allowed this yet")
    return AskConsent(
        ticket=ticket.hand_out(turn, "consent", arrival.query, browser=arrival.browser, session=session.digest),
        asks=_who_asks(client, request),
        user=user.email or user.name or user.id,
        offline="refresh_token" in client.grant_types,
        new_session=new_session,
    )


def ask_sign_in(turn: Turn, ticket: str, client: Client, request: AuthorizationRequest) -> AskSignIn:
    providers = _to_choose_from(turn, request.login_hint)
    return AskSignIn(ticket=ticket, asks=_who_asks(client, request), providers=providers)


def _who_asks(client: Client, request: AuthorizationRequest) -> WhoAsks:
    return WhoAsks(
        client=client.name or client.id,
        verified=client.origin == "admin",
        redirect_host=host_shown(request.address.redirect_uri),
        loopback=is_loopback(request.address.redirect_uri),
        resource=request.resource,
        scopes=request.scopes,
    )


def _to_choose_from(turn: Turn, login_hint: str | None) -> tuple[tuple[str, str], ...]:
    """All enabled providers, or those for the domain of an e-mail address that the client hints at."""
    enabled = [provider for provider in turn.tx.identity_providers.all() if provider.disabled_at is None]
    domain = (login_hint or "").rpartition("@")[2].lower()
    meant = [provider for provider in enabled if domain and domain in provider.login_domains]
    return tuple((provider.id, provider.display_name or provider.id) for provider in meant or enabled)


def give_code(turn: Turn, request: AuthorizationRequest, session: Session) -> str:
    """A new grant by the user of this session, and the redirect that carries its code."""
    policy = turn.issuer.policy
    grant_id = (int.from_bytes(turn.entropy(8), "big") >> 1) or 1
    code = mint("code", grant_id, 0, turn.entropy(SECRET_BYTES), turn.keyring.mac)
    turn.tx.grants.add(
        Grant(
            id=grant_id,
            user_id=session.user_id,
            client_id=request.address.client_id,
            scopes=request.scopes,
            resource=request.resource,
            created_at=turn.now,
            expires_at=turn.now + policy.grant_ttl,
            provider=session.provider,
            authenticated_at=session.authenticated_at,
            nonce=request.nonce,
            code_digest=code.digest,
            code_challenge=request.code_challenge,
            redirect_uri=request.address.redirect_uri,
            code_expires_at=turn.now + policy.authorization_code_ttl,
        )
    )
    return request.address.answer({"code": code.text})


def remembered(turn: Turn, user: User, request: AuthorizationRequest) -> Consent | None:
    """What the user allowed this client before, for this resource and this way back."""
    address = request.address
    back = redirect_uri.without_loopback_port(address.redirect_uri)
    return turn.tx.consents.find(user.id, address.client_id, request.resource, back)


def _comes_back_only_to(client: Client, redirect: str) -> bool:
    """Whether nobody else can receive what this client is sent there.

    Any program can listen on a loopback port or claim a private-use scheme, and say it is this public client: so a yes
    given before is not enough there (RFC 8252 §8.6).
    """
    return client.auth_method != "none" or redirect.startswith("https:")


def host_shown(redirect: str) -> str:
    """Where the answer will go, as the consent page must show it (MCP 2026-07-28, Localhost Redirect URI Risks)."""
    parts = uri.parse(redirect)
    if parts is None or parts.scheme not in ("http", "https"):
        return redirect.partition(":")[0] + ":"  # whatever stands behind a private-use scheme is no host
    return parts.host if parts.port is None else f"{parts.host}:{parts.port}"


def _fresh(turn: Turn, request: AuthorizationRequest, session: Session) -> bool:
    """Whether this sign-in is recent enough for what the client asks (OpenID Connect Core §3.1.2.1)."""
    if request.prompt & {"login", "select_account"}:
        return False
    return request.max_age is None or turn.now - session.authenticated_at < max(request.max_age, 1)
