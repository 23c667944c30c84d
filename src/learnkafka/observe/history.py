"""What became of a group's partitions: who had which and when, and what each rebalance cost.

Events come in order of time, as nearly as several processes can tell them: one that comes late isn't lost.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from learnkafka.observe.group_contents import Place, Rebalance, Stretch

STRETCHES = 200
REBALANCES = 5

Name = tuple[str, int]
"""(topic, partition)."""


@dataclass(slots=True)
class _Round:
    """A rebalance, as far as it has been told."""

    generation: int
    began: float
    ended: float
    told_by: set[tuple[str, int]] = field(default_factory=set)
    revoked: int = 0
    moved: int = 0
    without: float = 0.0


class History:
    """Members are known by their names in the view. What is handed out is never changed, but made anew."""

    def __init__(self) -> None:
        self.lanes: dict[str, list[Stretch]] = {}
        self.generation: int | None = None
        """The newest that was told."""
        self._generations: dict[str, int | None] = {}
        self._held: dict[tuple[str, int], frozenset[Name]] = {}  # by member, and the number of its consumer
        self._holders: dict[Name, str] = {}
        self._last_holders: dict[Name, str] = {}
        self._free_since: dict[Name, float] = {}
        self._taken: dict[Name, tuple[float, _Round]] = {}
        self._given_back: dict[tuple[str, int], list[tuple[float, int]]] = defaultdict(list)
        self._joining: dict[str, float] = {}
        self._rounds: deque[_Round] = deque(maxlen=REBALANCES)
        self._rebalances: list[Rebalance] | None = []

    # What is known now.

    @property
    def rebalances(self) -> list[Rebalance]:
        """The newest, the oldest first."""
        if self._rebalances is None:
            self._rebalances = [
                {
                    "generation": one.generation,
                    "began": one.began,
                    "ended": one.ended,
                    "revoked": one.revoked,
                    "moved": one.moved,
                    "without": one.without,
                }
                for one in self._rounds
            ]
        return self._rebalances

    @property
    def topics(self) -> frozenset[str]:
        """Those of which somebody has a partition."""
        return frozenset(topic for topic, _ in self._holders)

    def holder(self, place: Name) -> str | None:
        """Who has this partition; where two think so, the one that was assigned it last."""
        return self._holders.get(place)

    def held_by(self, member: str) -> frozenset[Name]:
        """The partitions that it has by its own word, or by the coordinator's for one elsewhere."""
        return frozenset().union(*(held for (name, _), held in self._held.items() if name == member))

    def generation_of(self, member: str) -> int | None:
        """The group's generation that it knows."""
        return self._generations.get(member)

    # What happens.

    def began(self, member: str, time: float, *, joins: bool = True) -> None:
        """It is there, and has no partitions yet; `joins` where it begins to join at this moment."""
        if joins:
            self._joining[member] = time
        if member not in self.lanes:
            self._show(member, time, "waiting")

    def assigned(
        self,
        member: str,
        time: float,
        places: Iterable[Name],
        generation: int | None = None,
        *,
        consumer: int = 1,
        rebalance: bool = True,
    ) -> None:
        """These are all the partitions that it has now; `rebalance` unless it has had them for nobody knows how long."""
        who, now = (member, consumer), frozenset(places)
        self._free(member, time, self._held.get(who, frozenset()) - now)
        self._held[who] = now
        if generation is not None:
            self.generation = self._generations[member] = generation
        one = self._round(who, time, generation) if generation is not None and rebalance else None
        for place in now:
            self._take(member, time, place, one)
        self._show(member, time, "assigned")

    def left(self, member: str, time: float, places: Iterable[Name], *, consumer: int = 1, lost: bool = False) -> None:
        """It has given these partitions back; or finds that it has lost them, and joins again."""
        who, gone = (member, consumer), frozenset(places)
        self._free(member, time, gone)
        self._held[who] = self._held.get(who, frozenset()) - gone
        if lost:
            self._generations[member] = None
            self._joining[member] = time
        else:
            self._given_back[who].append((time, len(gone)))
        kept = bool(self.held_by(member))
        self._show(member, time, "assigned" if kept else "lost" if lost else "waiting")

    def ended(self, member: str, time: float, how: str) -> None:
        """It is no more; what it had, nobody has."""
        self._free(member, time, self.held_by(member))
        self._held = {who: held for who, held in self._held.items() if who[0] != member}
        self._joining.pop(member, None)
        self._show(member, time, how)

    def told(self, member: str, time: float, places: frozenset[Name] | None) -> None:
        """What the coordinator says of one elsewhere; None where it has been assigned nothing yet."""
        if places is None:
            self._free(member, time, self.held_by(member))
            self._held.pop((member, 1), None)
            self._show(member, time, "waiting")
        else:
            self.assigned(member, time, places)

    def forget(self, member: str) -> None:
        """As if it had never been: it was somebody that is known by another name."""
        self.lanes = {name: lane for name, lane in self.lanes.items() if name != member}
        self._held = {who: held for who, held in self._held.items() if who[0] != member}
        for holders in (self._holders, self._last_holders):
            for place in [place for place, name in holders.items() if name == member]:
                del holders[place]
        self._joining.pop(member, None)

    # How it is kept.

    def _round(self, who: tuple[str, int], time: float, generation: int) -> _Round:
        """The rebalance of this generation, which began when somebody first gave something back for it, or joined."""
        # Generations begin anew with a group that was deleted; so nobody tells twice of one rebalance.
        known = (one for one in reversed(self._rounds) if one.generation == generation and who not in one.told_by)
        one = next(known, None)
        if one is None:
            one = _Round(generation, time, time)
            self._rounds.append(one)
            given_back = [found for every in self._given_back.values() for found in every]
            self._given_back.clear()
        else:
            given_back = self._given_back.pop(who, [])
        one.told_by.add(who)
        one.revoked += sum(count for _, count in given_back)
        one.ended = max(one.ended, time)
        one.began = min(one.began, *(at for at, _ in given_back), self._joining.pop(who[0], time))
        self._rebalances = None
        return one

    def _take(self, member: str, time: float, place: Name, one: _Round | None) -> None:
        since = self._free_since.pop(place, None)
        if one:
            if since is not None:
                one.without = max(one.without, time - since)
            if self._last_holders.get(place, member) != member:
                one.moved += 1
            self._taken[place] = time, one
        self._holders[place] = self._last_holders[place] = member

    def _free(self, member: str, time: float, places: Iterable[Name]) -> None:
        for place in places:
            if self._holders.get(place) == member:
                del self._holders[place]
                self._free_since[place] = time
            elif place in self._taken:  # we hear of it after the next has told that it was assigned the partition
                at, one = self._taken[place]
                one.without = max(one.without, at - time)
                self._rebalances = None

    def _show(self, member: str, time: float, what: str) -> None:
        """From now on the member does this: its last stretch ends, and another begins."""
        partitions: list[Place] = [[topic, number] for topic, number in sorted(self.held_by(member))]
        generation = self._generations.get(member) if what == "assigned" else None
        lane = self.lanes.get(member, [])
        if lane and lane[-1][2:] == [what, partitions, generation]:
            return
        before = [*lane[:-1], [lane[-1][0], time, *lane[-1][2:]]] if lane else []
        self.lanes = {**self.lanes, member: [*before, [time, None, what, partitions, generation]][-STRETCHES:]}
