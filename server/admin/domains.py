"""DomainService: proto in, the registry's answer out; and the question to the DNS between two turns."""

from collections.abc import Awaitable, Collection
from contextlib import AbstractContextManager
from functools import partial
from typing import Protocol

from google.protobuf.empty_pb2 import Empty

from protos.admin.v1 import domain_service_pb2 as pb
from server.admin import names, times
from server.admin.caller import Caller
from server.admin.names import PageTokens
from server.admin.turns import done, told_in_full
from tenants import domains
from tenants.domains import NewDomain, Removal, Said, challenge_name, check_host, etag, judged
from tenants.issuer_uri import split
from tenants.problems import Unfetched
from tenants.records import Domain
from tenants.registry import Registry


class Challenges(Protocol):
    """What the DNS says."""

    def said(self, name: str) -> Awaitable[Collection[str]]:
        """The TXT records at a name. Raises Unfetched, with words that the caller may read."""
        ...


class DomainService:
    def __init__(self, registry: Registry, page_tokens: PageTokens, challenges: Challenges, *, dev: bool) -> None:
        """`dev`: whether names below `localhost` are active at once: they lead to this machine, and are nobody's."""
        self._registry = registry
        self._page_tokens = page_tokens
        self._challenges = challenges
        self._dev = dev

    async def CreateDomain(self, request: pb.CreateDomainRequest, caller: Caller) -> pb.Domain:
        issuer_id, host = names.issuer_id(request.parent, "parent"), request.domain.host
        with _told_in_full(issuer_id):
            check_host(host)
        new = NewDomain(
            issuer_id=issuer_id,
            id=names.DOMAINS.chosen(request.domain_id or host.replace(".", "-")),
            host=host,
            verified=self._dev and host.endswith(".localhost"),
        )
        perform = partial(self._registry.change_domains, issuer_id)
        with _told_in_full(issuer_id):
            made = await done(perform, caller, request, domains.create, new, _message)
        if request.validate_only:  # the challenge of a claim that is not kept
            made.ClearField("challenge_value")
            made.ClearField("etag")
        return made

    async def GetDomain(self, request: pb.GetDomainRequest, caller: Caller) -> pb.Domain:
        return _message(await self._found(names.DOMAINS.ids(request.name)))

    async def ListDomains(self, request: pb.ListDomainsRequest, caller: Caller) -> pb.ListDomainsResponse:
        issuer_id, size = names.issuer_id(request.parent, "parent"), names.page_size(request.page_size)
        asked = f"domains {issuer_id}"
        after = self._page_tokens.after(request.page_token, asked)
        every = await self._registry.perform(domains.of, issuer_id)
        page, following = self._page_tokens.page([one for one in every if one.id > after], size, asked, _message)
        return pb.ListDomainsResponse(domains=page, next_page_token=following)

    async def DeleteDomain(self, request: pb.DeleteDomainRequest, caller: Caller) -> Empty:
        issuer_id, domain_id = names.DOMAINS.ids(request.name)
        removal = Removal(issuer_id, domain_id, request.etag)
        perform = partial(self._registry.change_domains, issuer_id)
        with _told_in_full(issuer_id):
            return await done(perform, caller, request, domains.remove, removal, lambda _: Empty())

    async def VerifyDomain(self, request: pb.VerifyDomainRequest, caller: Caller) -> pb.Domain:
        issuer_id, domain_id = names.DOMAINS.ids(request.name)
        domain = await self._found((issuer_id, domain_id))
        said = Said(domain, "") if domain.verified_at is not None else await self._asked(domain)
        perform = partial(self._registry.change_domains, issuer_id)
        with _told_in_full(issuer_id):
            return await done(perform, caller, request, domains.verify, said, _message)

    async def ResolveHost(self, request: pb.ResolveHostRequest, caller: Caller) -> pb.ResolveHostResponse:
        here = self._registry.at(request.host.lower()) if request.host.isascii() else None
        if here is None:
            return pb.ResolveHostResponse()
        domain = "" if here.domain is None else names.DOMAINS.name(here.domain.issuer_id, here.domain.id)
        routes = [
            pb.ResolveHostResponse.Route(
                issuer=f"issuers/{tenant.listing.id}", path=split(tenant.uri)[1], domain=domain
            )
            for tenant in here.issuers()
            if caller.sees(tenant.listing.id)
        ]
        return pb.ResolveHostResponse(routes=routes)

    async def _found(self, ids: tuple[str, str]) -> Domain:
        with _told_in_full(ids[0]):
            return await self._registry.perform(domains.get, ids)

    async def _asked(self, domain: Domain) -> Said:
        try:
            return judged(domain, await self._challenges.said(challenge_name(domain.host)))
        except Unfetched as why:
            return Said(domain, str(why))


def _told_in_full(issuer_id: str) -> AbstractContextManager[None]:
    return told_in_full(partial(names.DOMAINS.name, issuer_id), "domain")


def _message(domain: Domain) -> pb.Domain:
    return pb.Domain(
        name=names.DOMAINS.name(domain.issuer_id, domain.id),
        host=domain.host,
        state=pb.Domain.STATE_PENDING if domain.verified_at is None else pb.Domain.STATE_ACTIVE,
        challenge_name=challenge_name(domain.host),
        challenge_value=domain.challenge,
        create_time=times.written(domain.created_at),
        check_time=times.written(domain.checked_at),
        verify_time=times.written(domain.verified_at),
        last_error=domain.last_error,
        etag=etag(domain),
    )
