"""How many documents may be asked for that were never read before: strangers name them.

We are not to be what they throw at others, nor are they to keep an issuer from a host where many clients live. So one
address may ask for a few of one host, and an issuer for those of several addresses; of what was read well once, only
the address is counted.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable

from tenants.limits import Buckets
from tenants.oauth import uri
from tenants.problems import Unfetched
from tenants.records import RateLimit

OF_ADDRESS = RateLimit(per_minute=60, burst=60)
"""Asked for from one address at one issuer, on all hosts together: each may keep a call waiting for seconds."""
OF_ADDRESS_AND_HOST = RateLimit(per_minute=30, burst=30)
OF_TENANT_AND_HOST = RateLimit(per_minute=120, burst=120)
OF_HOST = RateLimit(per_minute=300, burst=300)
MAX_READ = 2_000
"""Documents of all tenants together that are remembered to have been read."""


class Budget:
    def __init__(self, clock: Callable[[], int]) -> None:
        """`clock` gives whole seconds since 1970-01-01 UTC."""
        self._clock = clock
        self._of_address, self._of_address_and_host = Buckets(), Buckets()
        self._of_tenant_and_host, self._of_host = Buckets(), Buckets()
        self._read: OrderedDict[tuple[str, str], None] = OrderedDict()

    def pay(self, tenant: str, url: str, address: str) -> None:
        """For one call to `url`, wished for by somebody at `address`, as it is counted. Raises Unfetched."""
        parts, now = uri.parse(url), self._clock()
        host = "" if parts is None else parts.host.lower()
        payers: list[tuple[Buckets, Hashable, RateLimit]] = [
            (self._of_address, (tenant, address), OF_ADDRESS),
            (self._of_address_and_host, (tenant, address, host), OF_ADDRESS_AND_HOST),
        ]
        if (tenant, url) not in self._read:
            payers += [
                (self._of_tenant_and_host, (tenant, host), OF_TENANT_AND_HOST),
                (self._of_host, host, OF_HOST),
            ]
        if any(buckets.wait(who, limit, now) for buckets, who, limit in payers):
            raise Unfetched(f"too many documents of {host} were asked for")
        for buckets, who, limit in payers:
            buckets.take(who, limit, now)

    def was_read(self, tenant: str, url: str) -> None:
        """It is there, and good for something."""
        self._read[tenant, url] = None
        self._read.move_to_end((tenant, url))
        if len(self._read) > MAX_READ:
            self._read.popitem(last=False)
