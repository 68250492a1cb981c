"""Account ids where a target has no STS: what its resources say of their owner."""

from collections.abc import Iterator

import pytest

from dxcontract.client import account_ids
from dxcontract.client.client import Api
from dxcontract.reference.core.context import Call
from dxcontract.reference.http.server import Emulator
from dxcontract.reference.http.signatures import Caller
from dxcontract.spec import model
from dxcontract.spec.model import Json
from dxcontract.targets import Choice, open_target
from dxcontract.targets.accounts import discover
from dxcontract.targets.target import Target
from tests.unit import proxy


class OneAccount(proxy.Proxy):
    """Takes every access key as one account, as many emulators do."""

    def perform_as(self, caller: Caller, operation: str, body: bytes) -> Json:
        return super().perform_as(Caller("000000000000", caller.region, caller.service), operation, body)


class Silent(proxy.Proxy):
    """Does not say whose a resource is."""

    def perform(self, call: Call, request: Json) -> Json:
        answer = super().perform(call, request)
        for one in answer.values():
            if isinstance(one, dict):
                one.pop("ownerAccount", None)
        return answer


@pytest.fixture
def api(request: pytest.FixtureRequest) -> Iterator[tuple[Emulator, Api]]:
    served: proxy.Proxy = request.param()
    with proxy.in_thread(served) as url:
        target: Target = open_target(Choice(url))
        target.accounts = discover(target.endpoint, target.region)
        assert target.accounts["owner"].account_id is None, "the emulator has an STS by now: take another target"
        api = Api(target, model.load(), _judged)
        yield served, api
        api.close()


def _judged(_: object) -> None:
    raise AssertionError("a call that is no test's was judged")


@pytest.mark.parametrize("api", [proxy.Proxy], indirect=True, ids=["three-accounts"])
def test_every_access_key_that_is_an_account_is_found(api: tuple[proxy.Proxy, Api]) -> None:
    """Tests of tags need an ARN, which has the account's id; tests of access need a second account."""
    served, door = api
    assert account_ids.find(door) is None
    assert {role: account.account_id for role, account in door.target.accounts.items()} == {
        "owner": "111111111111",
        "other": "222222222222",
        "partner": "333333333333",
    }
    states = [getattr(one, "state", "") for one in served.world.store.everything() if one.id.count("-") == 4]
    assert set(states) <= {"deleting", "deleted"}, "what was made to find out is deleted"


@pytest.mark.parametrize("api", [OneAccount], indirect=True, ids=["one-account"])
def test_one_account_is_not_taken_for_three(api: tuple[proxy.Proxy, Api]) -> None:
    """Isolation cannot be tested then, and the report says so."""
    note = account_ids.find(api[1])
    assert note is not None
    assert note.startswith("isolation between accounts was not tested")
    assert {role: account.account_id for role, account in api[1].target.accounts.items()} == {"owner": "000000000000"}


@pytest.mark.parametrize("api", [Silent], indirect=True, ids=["silent"])
def test_an_owner_that_is_not_told_stays_unknown(api: tuple[proxy.Proxy, Api]) -> None:
    """Nothing is guessed: twelve digits may be no account at all."""
    note = account_ids.find(api[1])
    assert note is not None
    assert "pass --accounts" in note
    assert [account.account_id for account in api[1].target.accounts.values()] == [None]
