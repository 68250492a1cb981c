"""Operations on BGP failover tests of virtual interfaces."""

from dataclasses import replace
from typing import Final

from dxcontract.reference.core import pages, transitions
from dxcontract.reference.core.clock import MINUTE, NEVER
from dxcontract.reference.core.context import Call
from dxcontract.reference.core.errors import CLIENT, ServiceError, client_error
from dxcontract.reference.core.records import FailoverTest
from dxcontract.reference.core.registry import operation
from dxcontract.reference.operations import peers, virtual_interfaces
from dxcontract.spec.model import Json

DEFAULT_MINUTES: Final = 180
MAXIMUM_MINUTES: Final = 4320


def view(test: FailoverTest) -> Json:
    """A test as answered. AWS documents no spelling of the status; the words are those of the guide."""
    answer: Json = {
        "testId": test.id,
        "virtualInterfaceId": test.virtual_interface_id,
        "bgpPeers": list(test.peers),
        "status": test.state,
        "ownerAccount": test.owner,
        "testDurationInMinutes": test.minutes,
        "startTime": round(test.started, 3),
    }
    if test.ended is not None:
        answer["endTime"] = round(test.ended, 3)
    return answer


@operation("StartBgpFailoverTest")
def start_bgp_failover_test(call: Call, request: Json) -> Json:
    """Take BGP sessions of a virtual interface down for a while: it is `testing`."""
    rules, store = call.rules, call.store
    interface = virtual_interfaces.own(call, request["virtualInterfaceId"])
    minutes = request.get("testDurationInMinutes", DEFAULT_MINUTES)
    if minutes < 1:
        raise client_error("A test lasts at least one minute.")
    rules.refuse_unless(
        "failover_tests.duration-range",
        minutes <= MAXIMUM_MINUTES,
        f"A test lasts at most {MAXIMUM_MINUTES} minutes.",
    )
    rules.refuse_unless(
        "failover_tests.start-twice", interface.state != "testing", f"A test of {interface.id} is running already."
    )
    if interface.state not in ("available", "testing"):
        raise client_error(f"{interface.id} is {interface.state}; it cannot be tested.")
    if interface.type != "private" and not rules.holds("failover_tests.every-type"):
        raise client_error(f"{interface.id} is a {interface.type} virtual interface; it cannot be tested.")
    known = [one.id for one in peers.staying(call.world, interface)]
    wanted = list(dict.fromkeys(request.get("bgpPeers") or known))
    if any(one not in known for one in wanted):
        raise client_error(f"A BGP peer is not of {interface.id}.")
    now = call.clock.now()
    test = store.put(
        FailoverTest(
            id=store.new_uuid(),
            serial=store.next_serial(),
            owner=interface.owner,
            region=call.region,
            state=transitions.TEST_IN_PROGRESS,
            virtual_interface_id=interface.id,
            peers=tuple(wanted if rules.holds("failover_tests.peers-echo") else known[:-1]),
            minutes=minutes,
            started=now,
        )
    )
    if rules.holds("failover_tests.interface-testing"):
        store.put(replace(interface, state="testing", due=now + minutes * MINUTE))
    answer = view(test)
    if not rules.holds("failover_tests.history"):
        store.remove(test)
    return {"virtualInterfaceTest": answer}


@operation("StopBgpFailoverTest")
def stop_bgp_failover_test(call: Call, request: Json) -> Json:
    """End a test early: the sessions come back, and the history says that it was cancelled."""
    rules, store = call.rules, call.store
    interface = virtual_interfaces.own(call, request["virtualInterfaceId"])
    running = [
        one for one in store.find(FailoverTest, "vif", interface.id) if one.state == transitions.TEST_IN_PROGRESS
    ]
    if not running:
        message = f"No test of {interface.id} is running."
        raise ServiceError(CLIENT, message, rules=("failover_tests.stop-without-test",))
    test = running[-1]
    if rules.holds("failover_tests.stop-kept"):
        test = transitions.finish_test(call.world, interface.id, transitions.TEST_CANCELLED) or test
    if rules.holds("failover_tests.stop-ends") and interface.state == "testing":
        store.put(replace(interface, state="available", due=NEVER))
    return {"virtualInterfaceTest": view(test)}


@operation("ListVirtualInterfaceTestHistory")
def list_virtual_interface_test_history(call: Call, request: Json) -> Json:
    """The tests of the caller's virtual interfaces, by whatever filters are given."""
    rules = call.rules
    found = call.store.find(FailoverTest, "owner", call.account, call.region)
    if "testId" in request and rules.holds("failover_tests.history-filters"):
        found = [one for one in found if one.id == request["testId"]]
    if "virtualInterfaceId" in request and rules.holds("failover_tests.history-filters"):
        virtual_interfaces.own(call, request["virtualInterfaceId"], alive=False)
        found = [one for one in found if one.virtual_interface_id == request["virtualInterfaceId"]]
    if "status" in request and rules.holds("failover_tests.history-filters-more"):
        found = [one for one in found if one.state == request["status"]]
    if request.get("bgpPeers") and rules.holds("failover_tests.history-filters-more"):
        wanted = set(request["bgpPeers"])
        found = [one for one in found if wanted & set(one.peers)]
    return pages.page(call, request, "virtualInterfaceTestHistory", found, view)
