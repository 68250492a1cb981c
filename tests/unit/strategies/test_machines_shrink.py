"""Steps that are done again: what they choose, how few of them are needed, what is remembered of them."""

from collections.abc import Sequence

import pytest
from hypothesis.database import InMemoryExampleDatabase

from strategies.machines.choices import Choices, Done, LostError
from strategies.machines.example_db import Memory
from strategies.machines.model import ArnOf, Model, Thing
from strategies.machines.shrink import OutOfTimeError, shortest


def _way(count: int) -> list[Done]:
    return [Done("act", number, ()) for number in range(1, count + 1)]


def test_only_the_steps_that_are_needed_stay() -> None:
    """Whoever reads a violation has to think about each of its steps."""
    tried: list[int] = []

    def shows(way: Sequence[Done]) -> bool:
        tried.append(len(way))
        return {3, 17} <= {one.number for one in way}

    assert [one.number for one in shortest(_way(20), shows)] == [3, 17]
    assert len(tried) < 40


def test_a_step_with_what_made_its_things_is_tried_first() -> None:
    """Most violations need no more, and trying the rest takes the time that finding others could have."""
    tried: list[list[int]] = []

    def shows(way: Sequence[Done]) -> bool:
        tried.append([one.number for one in way])
        return {2, 9, 15} <= {one.number for one in way}

    way = _way(16)
    way[8] = Done("act", 9, (("here", ["thing", 2, 0]),))
    way[14] = Done("act", 15, (("here", [["arn", 9, 0], "a"]),))
    assert [one.number for one in shortest(way, shows)] == [2, 9, 15]
    assert tried[:2] == [[16], [2, 9, 15]]


def test_what_a_step_does_once_in_a_while_is_left_out_too() -> None:
    """A request with tags makes a reader think that the tags matter."""

    def shows(way: Sequence[Done]) -> bool:
        return any(("needed", True) in one.choices for one in way)

    way = [Done("act", 1, (("tagged", True), ("name", "a"), ("needed", True), ("twice", True)))]
    assert shortest(way, shows) == (Done("act", 1, (("name", "a"), ("needed", True))),)


def test_a_way_that_shows_nothing_now_stays_as_it_is() -> None:
    """What depends on time may not come back; it was there."""
    assert len(shortest(_way(5), lambda _: False)) == 5


def test_shortening_ends_with_the_time() -> None:
    """The shortest way so far is better than none."""

    def shows(way: Sequence[Done]) -> bool:
        if 1 < len(way) < 4:
            raise OutOfTimeError
        return len(way) > 1

    assert len(shortest(_way(8), shows)) == 4


def test_what_the_last_step_hangs_on_is_tried_first() -> None:
    """A slow target leaves time for few attempts, and most violations need what the last step is about."""
    tried: list[list[int]] = []

    def shows(way: Sequence[Done]) -> bool:
        tried.append([one.number for one in way])
        return {2, 5, 9} <= {one.number for one in way}

    about = {5: ["thing", 2, 0], 9: [["arn", 5, 0], "x"], 7: ["thing", 1, 0]}
    way = [Done("act", number, (("here", about.get(number, "thing")),)) for number in range(1, 10)]
    assert [one.number for one in shortest(way, shows)] == [2, 5, 9]
    assert tried[0] == [2, 5, 9]


def _choose(choices: Choices, things: list[Thing]) -> tuple[Thing, str, bool]:
    return choices.one_of(things), choices.one_of(("a", "b")), choices.chance(3)


def _model() -> Model:
    model = Model()
    for step in (1, 2):
        model.step = step
        model.add("connection", "owner")
    return model


def test_what_was_chosen_is_chosen_again_in_another_example() -> None:
    """A thing is what the same step made, whatever its place in the list is now."""
    said = Choices(words=["connection.1", "b", "maybe"])
    _choose(said, _model().things)
    again = _model()
    chosen = _choose(Choices(given=list(said.kept)), list(reversed(again.things)))
    assert chosen == (again.things[0], "b", True)


def test_a_choice_about_what_is_not_there_is_lost() -> None:
    """Another thing in its place would make another example of it."""
    said = Choices(words=["connection.1"])
    _choose(said, _model().things)
    with pytest.raises(LostError):
        _choose(Choices(given=list(said.kept)), _model().things[1:])


def test_a_directed_sequence_says_what_it_wants_and_gets_the_newest_otherwise() -> None:
    """What is not said must not depend on luck."""
    things = _model().things
    assert _choose(Choices(words=[]), things) == (things[1], "a", False)
    assert _choose(Choices(words=["no", "connection.1"]), things) == (things[0], "a", False)


def test_ways_are_remembered_until_they_show_nothing() -> None:
    """A database of old nights would only cost time."""
    database = InMemoryExampleDatabase()
    model = _model()
    choices = Choices(words=[])
    choices.one_of([ArnOf(one) for one in model.things])
    way = Done("act", 1, tuple(choices.kept))
    Memory(database, "tags").keep([[way]])
    assert list(Memory(database, "gateways").ways()) == []
    memory = Memory(database, "tags")
    assert list(memory.ways()) == [[way]]
    database.save(b"dxcontract way tags", b"of another version")
    memory.keep([])
    assert list(Memory(database, "tags").ways()) == []
