"""Carries the messages of tenants to their webhooks, one at a time. What it is answered beyond a status is not read."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from server.outbound.fetcher import Fetcher, Unreachable
from tenants.acts.deliver import Failure, Parcel, delivered, due, failed, ping
from tenants.tenant import Tenant

CALL_SECONDS = 5.0
GONE = 410
_SECONDS = re.compile(r"[0-9]{1,12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    status: int
    """0: there was no answer."""
    failure: str
    """Why the message does not count as received, in one line that quotes nothing. Empty: it does."""
    retry_after: int = 0
    """Seconds that the receiver asks for."""


class Courier:
    """Implements server.outbound.errands.Errand."""

    def __init__(self, fetcher: Fetcher, clock: Callable[[], int]) -> None:
        """`clock` gives whole seconds since 1970-01-01 UTC."""
        self._fetcher = fetcher
        self._clock = clock

    async def run(self, tenant: Tenant) -> bool:
        """Send the next message that is due. If it is not received, nothing is due for a while."""
        found = await tenant.perform(due, None)
        if found is None:
            return False
        receipt = await self._send(tenant, found.parcel)
        if not receipt.failure:
            await tenant.perform(delivered, found.parcel.id)
            return True
        failure = Failure(
            due=found,
            reason=receipt.failure,
            gone=receipt.status == GONE,
            retry_after=receipt.retry_after,
        )
        await tenant.perform(failed, failure)
        return False

    async def test(self, tenant: Tenant) -> Receipt:
        """Send a message that tells of nothing. If it is received, those that wait need wait no longer.

        Raises Invalid if there is no webhook.
        """
        parcel = await tenant.perform(ping, None)
        receipt = await self._send(tenant, parcel)
        if not receipt.failure:
            await tenant.perform(delivered, parcel.id)
        return receipt

    async def _send(self, tenant: Tenant, parcel: Parcel) -> Receipt:
        try:
            answer = await self._fetcher.fetch(
                tenant.listing.uid,
                "POST",
                parcel.uri,
                headers=parcel.headers,
                body=parcel.body,
                max_bytes=None,
                seconds=CALL_SECONDS,
            )
        except Unreachable as error:
            return Receipt(status=0, failure=str(error))
        if 200 <= answer.status < 300:
            return Receipt(status=answer.status, failure="")
        return Receipt(
            status=answer.status,
            failure=f"it answered with status {answer.status}",
            retry_after=self._asked_for(answer.headers.get("retry-after", "")),
        )

    def _asked_for(self, text: str) -> int:
        """The seconds in Retry-After, or until the date there (RFC 9110 §10.2.3); 0 where it is neither."""
        if _SECONDS.fullmatch(text):
            return int(text)
        try:
            return max(0, int(parsedate_to_datetime(text).timestamp()) - self._clock())
        except (ValueError, OverflowError):
            return 0
