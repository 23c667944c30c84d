"""Lab 05: share the work, give copies, see who has what, size a team, join one, share several topics."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from learnkafka.labs.comparing import same
from learnkafka.labs.exercise import Exercise
from learnkafka.labs.misconceptions import (
    ASSIGN_JOINS_A_GROUP,
    EACH_CONSUMER_ITS_OWN_GROUP,
    MORE_MEMBERS_MORE_SPEED,
    ONLY_WHAT_MUST_MOVES,
    READS_FROM_THE_START,
    SAME_GROUP_GIVES_COPIES,
    SHARES_ARE_EVEN,
    from_the_end,
)
from learnkafka.labs.orders import ids, order_id
from learnkafka.labs.showing import counted, listed, shown
from learnkafka.labs.team import (
    Team,
    close_all,
    elsewhere,
    failed,
    is_complete,
    not_consumers,
    not_shared,
    polled,
    shares,
)
from learnkafka.labs.verdict import Verdict, passed, wrong

if TYPE_CHECKING:
    from learnkafka.labs.scene import Scene

_COPIES = replace(SAME_GROUP_GIVES_COPIES, lesson="05, Another service wants every order")
_TIMING = {"session_timeout_ms": 10_000, "heartbeat_interval_ms": 200}


class ShareTheWork(Exercise):
    """A worked example with one gap."""

    title = "More hands for billing"
    task = (
        "Billing has too much to do. `hands(topic, group, count)` is to return a list of `count` new consumers. As members of the group `group` they are to share the orders of the topic, and to begin with the oldest one. "
        "Leave them open, and don't poll them: the check does that, and closes them. One line is missing."
    )
    points = 1
    hints = (
        "By what does Kafka know that two consumers belong to one service?",
        "Each time the loop comes round, one more consumer goes into the list, and all of them are made alike.",
        "Lesson 05 has such a consumer in its file `service.py`: a topic, a `group_id`, `connect`, and where to begin. `timing` belongs to it, too. Put it into the list.",
    )
    why = "The `group_id` was all that they needed to have in common. They have never heard of each other: the group's coordinator knows them all, and each partition has one of them."
    misconceptions = (EACH_CONSUMER_ITS_OWN_GROUP, ASSIGN_JOINS_A_GROUP, READS_FROM_THE_START)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """One group, so many members, and every order read."""
        partitions, count = scene.random.randint(4, 6), scene.random.randint(2, 3)
        topic, group, orders = scene.topic("orders", partitions=partitions), scene.group("billing"), scene.orders(30)
        scene.spread(topic, orders, partitions)
        consumers = scene.call(attempt, topic, group, count)
        if verdict := not_consumers(consumers, count) or elsewhere(consumers, group) or polled(consumers):
            return verdict
        with Team(consumers) as team:
            seen = team.settled(scene, group, count, partitions)
            if team.error:
                return failed(team.error)
            if not is_complete(seen, count, partitions):
                return not_shared(seen, count, partitions)
            if not team.until(lambda: set(_read(team.records)) >= set(ids(orders))):
                belief = from_the_end(attempt)
                return wrong(
                    f"The group shares the partitions, but not every order was read{': where does a group without a place begin?' if belief else '.'}",
                    expected=counted(len(orders), "order"),
                    observed=counted(len(set(_read(team.records))), "order"),
                    misconception=belief,
                )
        return passed("The consumers share the partitions, and every order was read.")


class CopiesAndHands(Exercise):
    """Sharing within a service, copies between services."""

    title = "Two services, several hands"
    task = (
        'Billing and shipping each want every order, and each has several hands. `services(topic, hands_of)` gets a dictionary such as `{"billing": 2, "shipping": 3}`: a service\'s name, which is also its `group_id`, and how many consumers it '
        "is to have. Return a dictionary with the same keys. For each service it has a list of the service's new consumers, open and not polled. All consumers of a service together are to get every order from the oldest on, and each order only once."
    )
    points = 2
    hints = (
        "Who is to share with whom, and who isn't?",
        "What is shared out within a group comes to every group whole. So how many groups are there to be?",
        "`hands(topic, group, count)` from exercise 1 makes the consumers of one group. Here it is called once for each service.",
    )
    why = "Two groups, two places in one log: each group gets everything, and shares it out among its members. The same setting makes copies and shares work, and what it does depends on who has the same one."
    misconceptions = (_COPIES, EACH_CONSUMER_ITS_OWN_GROUP, ASSIGN_JOINS_A_GROUP, READS_FROM_THE_START)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """What each service reads, all of it together."""
        wanted = {scene.group("billing"): 2, scene.group("shipping"): scene.random.randint(2, 3)}
        topic, orders = scene.topic("orders", partitions=6), scene.orders(36)
        earlier, later = orders[:18], orders[18:]
        scene.spread(topic, earlier, 6)
        result = scene.call(attempt, topic, dict(wanted))
        if not isinstance(result, dict) or not same(result.keys(), wanted.keys()):
            return wrong(
                "The result doesn't give a list of consumers for each service.",
                expected=f"a dictionary with the keys {listed(wanted)}",
                observed=shown(result),
            )
        for service, count in wanted.items():
            if verdict := not_consumers(result[service], count):
                return verdict
        every = [one for service in wanted for one in result[service]]
        if verdict := not_consumers(every, len(every)) or self._wrongly_grouped(result):
            return verdict
        for service in wanted:
            if verdict := elsewhere(result[service], service) or polled(result[service]):
                return verdict
        with Team(every) as team:
            for service, count in wanted.items():
                if not is_complete(seen := team.settled(scene, service, count, 6), count, 6):
                    return failed(team.error) if team.error else not_shared(seen, count, 6)
            scene.spread(topic, later, 6)  # only now: in a rebalance, a record may come twice
            parts = self._parts(team, wanted)
            done = team.until(lambda: all(set(_read(part)) >= set(ids(earlier + later)) for part in parts.values()))
            if not done:
                from_now_on = all(set(_read(part)) == set(ids(later)) for part in parts.values())
                return wrong(
                    "Not each service has read every order.",
                    expected=f"{counted(len(earlier + later), 'order')} for each, of which {len(earlier)} were there before",
                    observed="; ".join(f"{name}: {len(set(_read(part)))}" for name, part in parts.items()),
                    misconception=READS_FROM_THE_START if from_now_on else None,
                )
        return passed("Each service gets every order, and its consumers share them.")

    def _parts(self, team: Team, wanted: dict[str, int]) -> dict[str, list[list[Any]]]:
        """What the consumers of each service have been given."""
        parts, place = {}, 0
        for service, count in wanted.items():
            parts[service] = team.records[place : place + count]
            place += count
        return parts

    def _wrongly_grouped(self, result: dict[str, list[Any]]) -> Verdict | None:
        found = {service: [one.config["group_id"] for one in consumers] for service, consumers in result.items()}
        if all(set(groups) == {service} for service, groups in found.items()):
            return None
        used = [group for groups in found.values() for group in groups]
        belief = _COPIES if len(set(used)) < len(found) else None
        if len(set(used)) == len(used):
            belief = EACH_CONSUMER_ITS_OWN_GROUP
        close_all(one for consumers in result.values() for one in consumers)
        return wrong(
            "The consumers aren't in the groups that share and copy as they should.",
            expected="; ".join(f"{service}: all in the group {service}" for service in found),
            observed="; ".join(f"{service}: {listed(groups)}" for service, groups in found.items()),
            misconception=belief,
        )


class WhoHasWhat(Exercise):
    """The coordinator's word."""

    title = "Who has what?"
    task = (
        'Operations wants a dashboard. `partitions_each(group)` is to return a dictionary such as `{"desk-1": 4, "desk-2": 0}`: for each member of the group its `client_id`, and the number of partitions that it has, those of all '
        "topics together. A member that has none is in it, too. The group is at rest when the function is called."
    )
    points = 2
    hints = (
        "Who knows all the members of a group, and what each of them has?",
        "The admin client asks the group's coordinator, with `describe_groups`. Print what comes back for `trial_group`.",
        "A member has a list of `assigned_partitions`, an entry for each topic; each entry has a list of `partitions`. What is asked for is the sum of their lengths.",
    )
    why = "The coordinator knows each member and its share, for members anywhere. An idle member is a member like any other: it has joined, it sends heartbeats, and its share is empty."

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Four members, and no topic with more than three partitions: two are idle, and one has two partitions of a topic."""
        from kafka import KafkaConsumer

        topics = [scene.topic("orders", partitions=3), scene.topic("parcels", partitions=2)]
        group, names = scene.group("billing"), [f"desk-{number}" for number in scene.random.sample(range(10, 99), 4)]
        settings = {**_TIMING, "group_id": group, "partition_assignment_strategy": [_uneven_rule()]}
        made = [KafkaConsumer(*topics, **scene.connect, **settings, client_id=name) for name in names]
        with Team(made) as team:
            seen = team.at_rest(scene, group, len(names), 5)
            expected = {one.client_id: len(one.partitions) for one in seen.members}
            result = scene.call(attempt, group)
        if same(result, expected):
            return passed("The function tells of each member how much it has.")
        what = "What came back doesn't tell how many partitions each member has."
        if isinstance(result, dict) and set(result) < set(expected):
            what = "Some members are missing: those that have nothing are members, too."
        return wrong(what, expected=shown(expected), observed=shown(result))


def _uneven_rule() -> type[Any]:
    """Range, but one member has another's share as well, and nothing is said of topics in which a member has no partition.

    So it is with other rules; with range itself the number of topics would do in place of that of partitions.
    """
    from kafka.coordinator.assignors.range import RangePartitionAssignor

    class Uneven(RangePartitionAssignor):  # type: ignore[misc]
        @classmethod
        def assign(cls, cluster: Any, members: Any) -> Any:
            found = super().assign(cluster, members)
            if len(found) == 1:  # the first has come, and the others are on their way
                return found
            one, other, *others = [found[member] for member in sorted(found)]
            both = zip(one.assigned_partitions, other.assigned_partitions, strict=True)
            one.assigned_partitions = [(topic, has + more) for (topic, has), (_, more) in both]
            other.assigned_partitions = []
            for rest in others:
                rest.assigned_partitions = [(topic, has) for topic, has in rest.assigned_partitions if has]
            return found

    return Uneven


class HowManyMembers(Exercise):
    """Partitions bound the number of members that are of use."""

    title = "How many members?"
    task = (
        "Before Christmas, somebody has to say how many processes billing is to start. `members_to_start(topic, per_minute, each)` is to return that number. `per_minute` orders come in each minute, equally many in each partition of "
        "the topic, and a member handles up to `each` orders a minute. Return the smallest number of members with which none of them gets more than it can handle. Where no number is enough, return the smallest with which the group is as "
        "fast as it can be. (The partitions of one topic are shared out as evenly as whole partitions can be: of six partitions four members have 2, 2, 1 and 1.)"
    )
    points = 2
    hints = (
        "What does the seventh member of a group do, when the topic has six partitions? And how much has the busiest of four?",
        "A partition is with one member, whole. So the busiest member has the number of partitions divided by that of members, rounded up.",
        "A consumer knows the partitions of a topic: `partitions_for_topic(topic)`. Try one member, two, and so on, up to the number of partitions: do the busiest one's partitions bring no more than it can handle?",
    )
    why = (
        "A group is as fast as its busiest member, and no member can have less than a partition. So the number of partitions is the limit, and between that and one, a member more doesn't always help: six partitions are as slow "
        "on five members as on three, since somebody has two."
    )
    misconceptions = (MORE_MEMBERS_MORE_SPEED,)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Work that comes out even, work that is too much, and work that doesn't come out even."""
        many = scene.random.randint(3, 6)
        for partitions, tenths in ((6, 27), (many, 10 * scene.random.randint(8, 12)), (5, 17)):
            topic = scene.topic(f"orders-{partitions}-{tenths}", partitions=partitions)
            each = 10 * scene.random.randint(2, 6)
            per_minute = each * tenths // 10
            result, useful = scene.call(attempt, topic, per_minute, each), _useful(partitions, per_minute, each)
            if not same(result, useful) or isinstance(result, bool):
                needed = -(-per_minute // each)
                return wrong(
                    "That isn't the number of members that are of use.",
                    expected=f"{useful}, for {per_minute} orders a minute at {each} each, and {counted(partitions, 'partition')}",
                    observed=_with(result, partitions, per_minute),
                    misconception=MORE_MEMBERS_MORE_SPEED if same(result, needed) and needed > partitions else None,
                )
        return passed("As many as the busiest one needs, and no more than there are partitions.")


def _with(members: Any, partitions: int, per_minute: int) -> str:
    """What so many members come to."""
    if isinstance(members, bool) or not isinstance(members, int) or not 0 < members < 1_000:
        return shown(members)
    busiest = -(-partitions // members)
    orders = busiest * per_minute / partitions
    return f"{members}, of which the busiest has {counted(busiest, 'partition')}, with {orders:,.1f} orders a minute"


def _useful(partitions: int, per_minute: int, each: int) -> int:
    """The fewest members with which the busiest keeps up; all that have something to do where none is enough."""
    enough = (one for one in range(1, partitions) if -(-partitions // one) * per_minute <= each * partitions)
    return next(enough, partitions)


class JoinATeam(Exercise):
    """No scaffolding: into a group that is at work."""

    title = "A hand for a team at work"
    task = (
        "A group is at work on a topic, and one more consumer is to help it. `lend_a_hand(topic, group)` is to return a list with one new consumer, open and not polled. When the check polls it, it is to join the group, and to get a "
        "share of the topic's partitions. The members that are there all use the cooperative sticky assignor, and know no other rule."
    )
    points = 3
    hints = (
        "What makes a consumer a member, so that others give up partitions for it: that it subscribes, or that it assigns itself some?",
        "A group uses one rule for sharing out, and turns away whoever doesn't know it.",
        "Lesson 05 names the rules in its file `both_topics.py`: `partition_assignment_strategy` takes a list of them.",
    )
    why = "Your consumer told the coordinator which rules it knows, and there was one that all know. Then two of the partitions went to it, and with the sticky assignor the others kept all the rest."
    misconceptions = (ASSIGN_JOINS_A_GROUP, EACH_CONSUMER_ITS_OWN_GROUP)

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Two members with six partitions; then three."""
        from kafka import KafkaConsumer
        from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor

        topic, group = scene.topic("orders", partitions=6), scene.group("billing")
        rule = {"partition_assignment_strategy": [CooperativeStickyAssignor]}
        made = [KafkaConsumer(topic, **scene.connect, **_TIMING, **rule, group_id=group) for _ in range(2)]
        with Team(made) as team:
            before = team.at_rest(scene, group, 2, 6)
            consumers = scene.call(attempt, topic, group)
            if verdict := not_consumers(consumers, 1) or elsewhere(consumers, group):
                return verdict
            with Team(consumers) as newcomer:
                after = newcomer.settled(scene, group, 3, 6)
                if newcomer.error:
                    return failed(newcomer.error)
                new = {name: has for name, has in shares(after).items() if name not in shares(before)}
                if [len(has) for has in new.values()] != [2]:
                    return not_shared(after, 3, 6)
        return passed("The consumer has joined the team, and has its share.")


class SeveralTopics(Exercise):
    """The stretch: a rule that is even over all topics, and moves little."""

    title = "Evenly, and with little to-do"
    task = (
        "The warehouse reads several topics in one subscription. `crew(topics, group, count)` gets the names of the topics as a list, and is to return a list of `count` new consumers, open and not polled. As members of the group they "
        "are to share the partitions of all the topics, and that in such a way that two things hold. Counted over all topics, no member has more than one partition more than another. And when a member leaves, each of the others keeps all the "
        "partitions that it had."
    )
    points = 3
    hints = (
        "What did each of the three rules in lesson 05 do, when there were two topics and a member came?",
        "`KafkaConsumer(*topics, …)` subscribes to all of them. Which rule is even over all topics, and which looks at who had what?",
        "In the lesson's figures one of the three rules was even, and let no more than two partitions change hands. It is handed over as in exercise 5.",
    )
    why = "The assignor looked at all topics together, and at who had what: what the member that left had was shared out, and nothing else was touched. Whatever a member has in hand for its partitions, it could keep."
    misconceptions = (SHARES_ARE_EVEN, ONLY_WHAT_MUST_MOVES, EACH_CONSUMER_ITS_OWN_GROUP, ASSIGN_JOINS_A_GROUP)
    is_stretch = True

    def check(self, scene: Scene, attempt: Callable[..., Any]) -> Verdict:
        """Three members, then two."""
        topics = [scene.topic(name, partitions=4) for name in ("parcels", "returns", "pallets")]
        group = scene.group("warehouse")
        consumers = scene.call(attempt, list(topics), group, 3)
        if verdict := not_consumers(consumers, 3) or elsewhere(consumers, group):
            return verdict
        if lacking := [one for one in consumers if set(one.subscription()) != set(topics)]:
            seen = sorted(lacking[0].subscription())
            close_all(consumers)
            return wrong(
                "Not each consumer has subscribed to all topics.",
                expected=f"the topics {listed(sorted(topics))}",
                observed=f"a consumer with {listed(seen)}",
            )
        with Team(consumers) as team:
            before = team.settled(scene, group, 3, 12)
            if team.error:
                return failed(team.error)
            if not is_complete(before, 3, 12) or not before:
                return not_shared(before, 3, 12)
            sizes = sorted(len(has) for has in shares(before).values())
            if sizes[-1] - sizes[0] > 1:
                return wrong(
                    "The members don't have equally many partitions.",
                    expected="4, 4 and 4, of the 12 partitions of 3 topics",
                    observed=f"{listed(reversed(sizes))}, with the assignor {before.protocol}",
                    misconception=SHARES_ARE_EVEN,
                )
            team.leave(0)
            after = team.settled(scene, group, 2, 12)
            if not is_complete(after, 2, 12):
                return failed(team.error) if team.error else not_shared(after, 2, 12)
            had = shares(before)
            lost = sum(len(set(had.get(name, has)) - set(has)) for name, has in shares(after).items())
            if lost or not set(shares(after)) <= set(had):
                return wrong(
                    "When a member left, others lost partitions that they had.",
                    expected="they keep all of their 4, and get 2 each of those that became free",
                    observed=f"{counted(lost, 'partition')} went from one to the other, with the assignor {before.protocol}",
                    misconception=ONLY_WHAT_MUST_MOVES,
                )
        return passed("Even over all topics, and nothing moved that didn't have to.")


def _read(records: Iterable[list[Any]]) -> list[Any]:
    """The ids of the orders that consumers have been given, all together."""
    return [order_id(record) for part in list(records) for record in list(part)]


EXERCISES = (ShareTheWork(), CopiesAndHands(), WhoHasWhat(), HowManyMembers(), JoinATeam(), SeveralTopics())
