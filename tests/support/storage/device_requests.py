"""Device requests."""

import pytest

from tenants.problems import AlreadyThere
from tenants.records import DeviceRequest
from tenants.store import Tx
from tests.support.storage.kept import Kept, StoreConformance, values
from tests.support.storage.samples import DEVICE_REQUEST, MOST, NOW, device_request, digest


class DeviceRequestConformance(StoreConformance[Tx]):
    async def test_a_device_request_is_found_as_it_was_added_by_id_and_by_user_code(self, kept: Kept[Tx]) -> None:
        both = [device_request(1), DEVICE_REQUEST]
        await add(kept, *both)
        await kept.reopen()
        for each in both:
            assert await find(kept, each.id) == each
            found = await kept.do(lambda tx, each=each: tx.device_requests.find_user_code(each.user_code))
            assert found == each
        assert await find(kept, 2) is None
        assert await kept.do(lambda tx: tx.device_requests.find_user_code(both[0].digest)) is None

    async def test_ids_and_user_codes_are_given_once(self, kept: Kept[Tx]) -> None:
        await add(kept, device_request(1))
        for second in (
            device_request(1, user_code=digest("free")),
            device_request(2, user_code=digest("user code of 1")),
        ):
            with pytest.raises(AlreadyThere):
                await add(kept, second)
        assert await kept.do(lambda tx: tx.device_requests.count()) == 1
        assert await find(kept, 1) == device_request(1)

    async def test_they_are_counted(self, kept: Kept[Tx]) -> None:
        assert await kept.do(lambda tx: tx.device_requests.count()) == 0
        await add(kept, device_request(1), device_request(2, denied_at=NOW), device_request(3, expires_at=0))
        assert await kept.do(lambda tx: tx.device_requests.count()) == 3

    async def test_that_a_device_asked_is_noted_of_it_alone(self, kept: Kept[Tx]) -> None:
        await add(kept, device_request(1), device_request(2))
        assert await kept.do(lambda tx: tx.device_requests.polled(1, NOW + 3, 10)) is True
        assert await kept.do(lambda tx: tx.device_requests.polled(3, NOW + 3, 10)) is False
        await kept.reopen()
        assert await find(kept, 1) == device_request(1, polled_at=NOW + 3, interval=10)
        assert await find(kept, 2) == device_request(2)

    async def test_the_first_decision_counts(self, kept: Kept[Tx]) -> None:
        await add(kept, *map(device_request, (1, 2, 3)))
        denied = await kept.batch(
            lambda tx: tx.device_requests.deny(1, NOW + 1),
            lambda tx: tx.device_requests.deny(1, NOW + 2),
            lambda tx: tx.device_requests.take(1),
        )
        assert values(denied) == [True, False, False]
        assert await find(kept, 1) == device_request(1, denied_at=NOW + 1)
        taken = await kept.batch(
            lambda tx: tx.device_requests.take(2),
            lambda tx: tx.device_requests.take(2),
            lambda tx: tx.device_requests.deny(2, NOW),
            lambda tx: tx.device_requests.take(4),
        )
        assert values(taken) == [True, False, False, False]
        await kept.reopen()
        assert await find(kept, 2) is None
        assert await find(kept, 3) == device_request(3)

    async def test_what_has_expired_is_swept_denied_or_not(self, kept: Kept[Tx]) -> None:
        over = [device_request(n, expires_at=NOW - n, denied_at=NOW if n == 2 else None) for n in range(4)]
        stays = device_request(MOST, expires_at=NOW + 1)
        await add(kept, *over, stays)
        assert await kept.do(lambda tx: tx.device_requests.sweep(NOW, 3)) == 3
        assert await kept.do(lambda tx: tx.device_requests.sweep(NOW, 3)) == 1
        assert await kept.do(lambda tx: tx.device_requests.sweep(NOW, 3)) == 0
        assert await find(kept, MOST) == stays
        assert await kept.do(lambda tx: tx.device_requests.count()) == 1


async def add(kept: Kept[Tx], *requests: DeviceRequest) -> None:
    for each in requests:
        await kept.do(lambda tx, each=each: tx.device_requests.add(each))


async def find(kept: Kept[Tx], id: int) -> DeviceRequest | None:
    return await kept.do(lambda tx: tx.device_requests.find(id))
