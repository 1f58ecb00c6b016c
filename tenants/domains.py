"""Further hosts of issuers: claimed here, verified by what their owner says in the DNS, and free again once they are
removed. Acts on the registry's own store."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from tenants import etags
from tenants.issuer_uri import is_further_host
from tenants.listings import ListTurn, kept_for
from tenants.problems import (
    AlreadyThere,
    EtagMismatch,
    HostTaken,
    Invalid,
    IssuerUnavailable,
    NoSuchIssuer,
    NoSuchThing,
)
from tenants.records import Domain, Listing

CHALLENGE_LABEL = "_tenantry-challenge"
CHALLENGE_BYTES = 20
MOST = 50
"""So many may an issuer have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDomain:
    issuer_id: str
    id: str
    host: str
    verified: bool
    """Whether it needs no proof: a name that leads to this machine only, where that is nobody else's."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the DNS said when we asked for the challenge of a domain."""

    domain: Domain
    """As it was when we asked."""
    problem: str
    """Why that proves nothing. Empty: it does."""


@dataclass(frozen=True, slots=True)
class Removal:
    issuer_id: str
    id: str
    etag: str


def challenge_name(host: str) -> str:
    """Where its owner is to say the challenge, as a TXT record."""
    return f"{CHALLENGE_LABEL}.{host}"


def judged(domain: Domain, said: Collection[str]) -> Said:
    """What the TXT records at its challenge's name prove."""
    name = challenge_name(domain.host)
    if domain.challenge in said:
        return Said(domain, "")
    if said:
        return Said(domain, f"the TXT records at {name} do not say {domain.challenge}")
    return Said(domain, f"there is no TXT record at {name}")


def check_host(host: str) -> None:
    """Raises Invalid. There is one spelling of each host, and no other leads there."""
    if not is_further_host(host):
        raise Invalid("host", "must be a name such as login.example.com: in lower case, without port or trailing dot")


def etag(domain: Domain) -> str:
    return f"{domain.challenge[:8]}.{domain.version}"


def create(turn: ListTurn, new: NewDomain) -> Domain:
    """Raises Invalid, NoSuchIssuer, IssuerUnavailable, AlreadyThere or HostTaken."""
    check_host(new.host)
    _served(turn, new.issuer_id)
    domains = turn.tx.domains
    if domains.find(new.issuer_id, new.id) is not None:
        raise AlreadyThere(new.id)
    if len(domains.of(new.issuer_id)) >= MOST:
        raise Invalid("host", f"would be one of more than {MOST} of this issuer; delete others first")
    if kept_for(turn, new.host) is not None:
        raise HostTaken(new.host)
    _refuse_own(turn, new.host)
    lapsed = domains.find_host(new.host)
    if lapsed is not None:
        _remove(turn, lapsed, "domain.lapsed")
    domain = Domain(
        issuer_id=new.issuer_id,
        id=new.id,
        host=new.host,
        challenge=turn.entropy(CHALLENGE_BYTES).hex(),
        created_at=turn.now,
        verified_at=turn.now if new.verified else None,
    )
    domains.add(domain)
    turn.remember("domain.created", domain.issuer_id, domain=domain.id, host=domain.host, verified=new.verified)
    return domain


def get(turn: ListTurn, ids: tuple[str, str]) -> Domain:
    """By the ids of its issuer and its own. Raises NoSuchIssuer or NoSuchThing."""
    issuer_id, domain_id = ids
    _listed(turn, issuer_id)
    domain = turn.tx.domains.find(issuer_id, domain_id)
    if domain is None:
        raise NoSuchThing(domain_id)
    return domain


def of(turn: ListTurn, issuer_id: str) -> list[Domain]:
    """In the order of their ids. Raises NoSuchIssuer."""
    _listed(turn, issuer_id)
    return list(turn.tx.domains.of(issuer_id))


def verified(turn: ListTurn, _: None) -> list[Domain]:
    """Those of all issuers, at which they are to be found."""
    return list(turn.tx.domains.verified())


def verify(turn: ListTurn, said: Said) -> Domain:
    """As it is now: verified, or with the reason why not. One that is verified stays so.

    Raises NoSuchIssuer, IssuerUnavailable, NoSuchThing, HostTaken, or EtagMismatch if another of this name has taken
    its place since the DNS was asked.
    """
    asked = said.domain
    domain = get(turn, (asked.issuer_id, asked.id))
    _served(turn, domain.issuer_id)
    if domain.challenge != asked.challenge:
        raise EtagMismatch(etag(domain))
    if domain.verified_at is not None:
        return domain
    if not said.problem:
        _refuse_own(turn, domain.host)  # an issuer may have come to be there since the claim lapsed
        turn.remember("domain.verified", domain.issuer_id, domain=domain.id, host=domain.host)
    changed = replace(
        domain,
        checked_at=turn.now,
        verified_at=None if said.problem else turn.now,
        last_error=said.problem,
        version=domain.version + 1,
    )
    turn.tx.domains.change(changed, version=domain.version)
    return changed


def remove(turn: ListTurn, removal: Removal) -> None:
    """Nobody is found there any more, and anybody may claim it.

    Raises NoSuchIssuer, NoSuchThing or EtagMismatch."""
    domain = get(turn, (removal.issuer_id, removal.id))
    etags.expect(removal.etag, etag(domain))
    _remove(turn, domain, "domain.deleted")


def _remove(turn: ListTurn, domain: Domain, event: str) -> None:
    turn.tx.domains.remove(domain.issuer_id, domain.id)
    turn.remember(event, domain.issuer_id, domain=domain.id, host=domain.host)


def _listed(turn: ListTurn, issuer_id: str) -> Listing:
    listing = turn.tx.listings.find(issuer_id)
    if listing is None or listing.state in ("building", "purged"):
        raise NoSuchIssuer(issuer_id)
    return listing


def _served(turn: ListTurn, issuer_id: str) -> None:
    listing = _listed(turn, issuer_id)
    if listing.state == "deleted":
        raise IssuerUnavailable(f"{issuer_id} is deleted")


def _refuse_own(turn: ListTurn, host: str) -> None:
    """Raises HostTaken where an issuer has, or once had, its own address: clients bind credentials to it."""
    if turn.tx.listings.at_host(host):
        raise HostTaken(host)
