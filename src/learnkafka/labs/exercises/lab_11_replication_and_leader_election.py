"""Lab 11: copies and how many at least, what a broker's absence means, preferred leaders, what was promised, and a broker replaced."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from learnkafka.labs.comparing import same
from learnkafka.labs.misconceptions import (
    A_BROKER_HAS_WHAT_IT_LEADS,
    ALL_MEANS_ALL_REPLICAS,
    BACK_LEADS_AT_ONCE,
    COPIES_ARE_MADE_UP_FOR,
    LEADER_IS_ENOUGH,
    MINIMUM_IS_ALL_COPIES,
    MOVED_WHEN_IT_RETURNS,
    PREFERENCE_GOES_WITH_THE_LEADER,
    REPLICA_IS_IN_SYNC,
    SEND_STORES,
)
from learnkafka.labs.orders import ids, order_id
from learnkafka.labs.producers import Sends, sends_in_turn
from learnkafka.labs.replicas import BROKERS, OnThreeBrokers, away, handover, is_whole, lies_as, partitions, wait_for
from learnkafka.labs.showing import counted, listed, shown
from learnkafka.labs.source import mentions
from learnkafka.labs.verdict import Misconception, Verdict, passed, wrong

if TYPE_CHECKING:
    from learnkafka.broker import Cluster
    from learnkafka.labs.scene import Scene
    from learnkafka.observe import Partition

_SETTLING = 5.0  # seconds that brokers may take to hear of what has been decided
_AT_ONCE = 0.5  # where nothing has been


class TopicForPayments(OnThreeBrokers):
    """A worked example with one gap."""

    title = "A topic for payments"
    task = (
        'Payments are sent with `acks="all"`. Each payment that Kafka acknowledges has to be on two brokers at least; and while any one of the three brokers is away, payments are to be taken all the same. '
        "`make_topic(name)` makes the topic, with three partitions. One line is missing: it gives `copies` and `minimum` their numbers."
    )
    points = 1
    hints = (
        "One broker is away. How many of the copies may still be in sync, and how many does the minimum ask for?",
        "`copies` is how many brokers keep each payment when all is well; `minimum` is how many have to be in sync for a payment to be taken.",
        "Two on disk at least is one number. That, and one broker that may be away, is the other.",
    )
    why = (
        'With `acks="all"` the leader answers when all copies in sync have the record, and it takes the record only while there are as many as `min.insync.replicas`. Three copies and a minimum of 2 bear the loss of '
        "one broker in both ways: nothing that was acknowledged is lost, and writing goes on."
    )
    misconceptions = (ALL_MEANS_ALL_REPLICAS, MINIMUM_IS_ALL_COPIES)
    late = "It waits for a topic that Kafka hasn't made. Are copies and minimum whole numbers, and not texts?"

    def judge(self, scene: Scene, cluster: Cluster, attempt: Callable[..., Any]) -> Verdict:
        """By the topic that it makes."""
        topic = scene.name("payments")
        scene.call(attempt, topic)
        found = _settled(scene, topic, lambda one: one.leader is not None)
        if len(found) != 3:
            observed = counted(len(found), "partition") if found else f"no topic {topic}"
            return wrong("The topic isn't there as it should be.", expected="3 partitions", observed=observed)
        copies = len(found[0].replicas)
        setting = (scene.observer.configs(topic) or {}).get("min.insync.replicas")
        minimum = int((setting.value if setting else None) or 1)
        has = f"{'1 copy' if copies == 1 else f'{copies} copies'}, of which at least {minimum} in sync"
        if min(minimum, copies) < 2:
            return wrong(
                "A payment may be acknowledged that only one broker has.",
                expected="two brokers at least have what was acknowledged",
                observed=has,
                misconception=ALL_MEANS_ALL_REPLICAS if copies > 1 else None,
            )
        if minimum >= copies:
            return wrong(
                "As soon as one broker with a copy is away, payments are refused.",
                expected="payments are taken while one broker is away",
                observed=has,
                misconception=MINIMUM_IS_ALL_COPIES,
            )
        return passed("Each payment is on two brokers at least, and any one of the three may be away.")


class Alarm(OnThreeBrokers):
    """Replicas, in sync, leader: on a cluster where a broker is away."""

    title = "What still works?"
    task = (
        "The shop wants to see at a glance what a broker's absence means. `alarm(topic, minimum)` is to return a dictionary with one word for each partition, under its number: "
        '`"fine"` when each of its copies is in sync; `"at risk"` when one isn\'t, but orders with `acks="all"` are taken; `"refuses"` when it has a leader that doesn\'t take them for want of copies in sync; `"down"` when it has no leader. '
        "`minimum` is the topic's `min.insync.replicas`."
    )
    points = 2
    hints = (
        "Kafka describes each partition with two lists of brokers. Which of them changes when a broker is stopped?",
        "`admin.describe_topics([topic])` gives a list with one description, and its `partitions` have `partition_index`, `leader_id`, `replica_nodes` and `isr_nodes`.",
        "Ask in this order: is there a leader at all (its id is -1 where there is none)? Are fewer in sync than the minimum? Are fewer in sync than there are copies?",
    )
    why = "The replicas say who shall have a copy, and stay as they are while a broker is away. Who has one that is up to date is the list of those in sync: its length, against the minimum, says whether Kafka takes a record with `acks=all`."
    misconceptions = (REPLICA_IS_IN_SYNC, ALL_MEANS_ALL_REPLICAS)
    late = "A broker is away while it is called, and stays so: it can't wait for that one."

    def judge(self, scene: Scene, cluster: Cluster, attempt: Callable[..., Any]) -> Verdict:
        """A broker is really stopped; two topics have each case between them.

        A lone copy is in the second only: Kafka never asks for more copies in sync than there are to be.
        """
        one, other, gone = scene.random.sample(BROKERS, 3)
        cases = [[one, other], [one, other, gone], [other, gone], [gone, one, other]]
        scene.random.shuffle(cases)
        few = [[gone, other], [one, other], [gone]]
        scene.random.shuffle(few)
        topics = [
            (scene.placed("orders", dict(enumerate(cases)), min_insync_replicas=2), 2),
            (scene.placed("clicks", dict(enumerate(few)), min_insync_replicas=1), 1),
        ]
        for (topic, _), lists in zip(topics, (cases, few), strict=True):
            wait_for(scene, topic, lies_as(lists))
        if problem := self._problem(scene, attempt, *topics[0]):
            return problem  # while all brokers are there
        with away(scene, cluster, gone, *(topic for topic, _ in topics)):
            for topic, minimum in topics:
                if problem := self._problem(scene, attempt, topic, minimum):
                    return problem
        # The words are right: a copy that lags behind on a broker that runs would take half a minute to make.
        if mentions(attempt, "offline_replicas") and not mentions(attempt, "isr"):
            return wrong(
                "A broker that is back is there at once; its copy isn't in sync before it has fetched what it missed.",
                expected="words that depend on which copies are in sync",
                observed="words that depend on which brokers are there, by `offline_replicas`",
                misconception=REPLICA_IS_IN_SYNC,
            )
        return passed("While a broker was away, each partition got the right word.")

    def _problem(self, scene: Scene, attempt: Callable[..., Any], topic: str, minimum: int) -> Verdict | None:
        for _ in range(2):  # the broker that was asked may have been behind
            found = partitions(scene, topic)
            words = {partition.number: _word(partition, minimum) for partition in found}
            result = scene.call(attempt, topic, minimum)
            if same(result, words):
                return None
        if not isinstance(result, dict) or not same(set(result), set(words)):
            return wrong(
                "That isn't a dictionary with a word for each partition.",
                expected=f"partitions {listed(words)} as keys",
                observed=shown(result),
            )
        number = next(one for one in words if not same(result[one], words[one]))
        partition = next(one for one in found if one.number == number)
        belief: Misconception | None = None
        if same(result[number], "fine") and partition.leader is not None:
            belief = REPLICA_IS_IN_SYNC
        elif same(result[number], "at risk") and words[number] == "refuses":
            belief = REPLICA_IS_IN_SYNC  # there are as many replicas as the minimum asks for
        elif same(result[number], "refuses") and words[number] == "at risk":
            belief = ALL_MEANS_ALL_REPLICAS
        leader = f"led by {partition.leader}" if partition.leader else "without a leader"
        return wrong(
            f"Partition {number} is {leader}, has copies on {listed(partition.replicas)} and in sync {listed(sorted(partition.in_sync))}; the minimum is {minimum}.",
            expected=words[number],
            observed=shown(result[number]),
            misconception=belief,
        )


class PutBack(OnThreeBrokers):
    """Preferred leaders."""

    title = "Everybody back to their place"
    task = (
        "Last night brokers were restarted, one after the other. All are back and all copies are in sync, but some partitions are led by another broker than their preferred one. `put_back(topic)` is to have each partition led by its preferred leader again, "
        "without changing which broker that is, and to return the numbers of the partitions that weren't, as a sorted list."
    )
    points = 2
    hints = (
        "What would have to happen for a follower to become leader, while the leader is alive?",
        "The preferred leader is the first of `replica_nodes`. Find the partitions where it isn't `leader_id` before you change anything.",
        "Lesson 11 asks for an election under *The broker is back*. `admin.elect_leaders()` takes the kind of election, and a list of topics' names; anything else in this list it passes over in silence.",
    )
    why = "A broker that is back follows, since there is a leader already. An election of the preferred leaders gives the leadership back to the first broker of each list, if its copy is in sync: no record moves, only the role."
    misconceptions = (BACK_LEADS_AT_ONCE, PREFERENCE_GOES_WITH_THE_LEADER)
    late = "All brokers run and are in sync: none has to be restarted, and an election takes no time."

    def judge(self, scene: Scene, cluster: Cluster, attempt: Callable[..., Any]) -> Verdict:
        """As after a restart: the leaders are what they were, and the lists begin with others."""
        copies = [scene.random.sample(BROKERS, 3) for _ in range(6)]
        moved = sorted(scene.random.sample(range(6), 3))
        topic = scene.placed("orders", dict(enumerate(copies)))
        wait_for(scene, topic, is_whole)
        wanted = [one[1:] + one[:1] if number in moved else one for number, one in enumerate(copies)]
        scene.place_anew(topic, {number: wanted[number] for number in moved})
        wait_for(scene, topic, lies_as(wanted))
        result = scene.call(attempt, topic)
        elects = mentions(attempt, "elect")
        found = _settled(
            scene, topic, lambda one: one.leader == wanted[one.number][0], _SETTLING if elects else _AT_ONCE
        )
        if any(list(one.replicas) != wanted[one.number] for one in found):
            return wrong(
                "Other brokers are the preferred leaders now.",
                expected=f"lists that begin with {listed(one[0] for one in wanted)}",
                observed=f"lists that begin with {listed(one.replicas[0] for one in found)}",
                misconception=PREFERENCE_GOES_WITH_THE_LEADER if mentions(attempt, "reassign") else None,
            )
        if elsewhere := [one.number for one in found if one.leader != one.replicas[0]]:
            return wrong(
                "Not every partition is led by its preferred leader.",
                expected="each partition led by the first broker of its list",
                observed=f"another one leads partition {listed(elsewhere)}",
                misconception=None if elects else BACK_LEADS_AT_ONCE,
            )
        if not same(result, moved):
            return wrong(
                "The leaders are right. What was returned isn't the list of the partitions that were led by another.",
                expected=shown(moved),
                observed=shown(result),
            )
        return passed("Each partition is led by its preferred leader.")


class WhatIsPromised(OnThreeBrokers):
    """No scaffolding: acks, the minimum, and patience that ends."""

    title = "Only what is promised"
    task = (
        "While a broker is updated, the shop has to know which orders Kafka has promised to keep, so that it can ask the other customers to try again later. `book(topic, orders)` is to send the orders, and return a list with the ids (`order_id`) of those that are "
        "on as many brokers as the topic's `min.insync.replicas` asks for, and of no others: Kafka may take some and refuse the rest. It has to come back within 8 seconds, also when Kafka takes none of them."
    )
    points = 3
    hints = (
        "Whose answer is a promise that `min.insync.replicas` counts for?",
        "Each order's future says what became of it: `get()` returns, or raises. Where Kafka refuses for want of copies, the producer tries again, and for how long in all is `delivery_timeout_ms`: two minutes by default.",
        "Make the producer with `retries=0`, so that the first refusal is the answer. Send all orders first, and then ask each future, within `try`.",
    )
    why = (
        "Only `acks=all` asks the leader to count its copies in sync, and a refusal is an answer that one can act on. What has to be decided is for how long to try: here the customer waits, so it is seconds at most. "
        "A service in the background has more patience."
    )
    misconceptions = (LEADER_IS_ENOUGH, SEND_STORES)
    late = (
        "It has to come back within 8 seconds. A producer tries again for as long as delivery_timeout_ms says, two minutes by default; "
        "flush(), close() and the end of a with block wait for that, too."
    )

    def judge(self, scene: Scene, cluster: Cluster, attempt: Callable[..., Any]) -> Verdict:
        """Once while all is well, and once while one partition refuses and another one takes."""
        leader, other, gone = scene.random.sample(BROKERS, 3)
        topic = scene.placed("orders", {0: [leader, gone], 1: [leader, other]}, min_insync_replicas=2)
        wait_for(scene, topic, is_whole)
        orders = scene.orders(9)
        first, others = orders[:5], orders[5:]
        with sends_in_turn(topic, 2) as sends:
            result = scene.call(attempt, topic, first)
        _settled(scene, topic, lambda one: one.high_watermark == one.end)  # or some can't be read yet
        stored = sorted((order_id(one) for one in scene.records(topic)), key=str)
        if stored != sorted(ids(first), key=str):
            return wrong(
                "While all brokers are there, the orders are to be in the topic.",
                expected=f"orders {listed(ids(first))}",
                observed=f"orders {listed(stored)}",
            )
        if not _same_ids(result, ids(first)):
            return wrong(
                "While all brokers are there, Kafka promises to keep each of the orders.",
                expected=shown(ids(first)),
                observed=shown(result),
            )
        if sends.leader_alone:
            return _nobody_promised(sends)
        with away(scene, cluster, gone, topic):
            with sends_in_turn(topic, 2) as sends:
                result = scene.call(attempt, topic, others)
            _settled(scene, topic, lambda one: one.number == 0 or one.high_watermark == one.end)
            kept = [order_id(one) for one in scene.records(topic) if one.partition == 1]
        promised = [one for one in ids(others) if one in kept]
        sent = max(len(sends.places), len(promised))
        if sent < len(others):
            return wrong(
                f"Broker {gone} is away. One of the partitions refuses orders, and the other one takes them: each order is to be tried.",
                expected=f"{counted(len(others), 'order')} sent",
                observed=f"{counted(sent, 'order')} sent",
            )
        if sends.leader_alone:
            return _nobody_promised(sends)
        if not _same_ids(result, promised):
            refused = [one for one in ids(others) if one not in promised]
            claimed = isinstance(result, list) and any(same(one, each) for one in result for each in refused)
            return wrong(
                f"Broker {gone} is away, and the minimum is 2: partition 1 has two copies in sync, and takes orders; partition 0 has only that of broker {leader}.",
                expected=shown(promised),
                observed=f"{shown(result)}; orders {listed(refused)} are on broker {leader} alone, or nowhere",
                misconception=SEND_STORES if claimed and sends.places and not sends.transactions else None,
            )
        return passed("The shop knows which orders are safe, and which customers are to try again.")


class ReplaceABroker(OnThreeBrokers):
    """The stretch: what Kafka doesn't do by itself."""

    title = "A broker is replaced"
    task = (
        "Broker `old` is to be taken out of service. `replace(topic, old, new)` is to see to it that each copy that broker `old` was to have, broker `new` has in its stead, at the same place in the partition's list; all other copies stay where they are, and at no time is there a copy less than before. "
        "It asks for that with `admin.alter_partition_reassignments()`, and returns when every copy is in sync. No partition has a copy on both of them."
    )
    points = 3
    hints = (
        "Which brokers have a partition's copies was said when the topic was made. Who may say otherwise later?",
        "`help(admin.alter_partition_reassignments)` tells how: it takes a dictionary from `TopicPartition` to a list of brokers, and doesn't wait for the copying.",
        "Build each list from `replica_nodes`, with `new` where `old` was. Then look at `isr_nodes` again and again, until they are the brokers that you asked for: with a deadline.",
    )
    why = (
        "Kafka never moves a copy by itself: it can't know whether a broker will be back in a minute. Where others are named, the new broker fetches everything as a follower, and only when it is in sync does the old one leave the list, "
        "so there is never a copy less than before."
    )
    misconceptions = (COPIES_ARE_MADE_UP_FOR, MOVED_WHEN_IT_RETURNS, A_BROKER_HAS_WHAT_IT_LEADS)
    late = "Copying what is in this topic takes a moment only. Does it wait for something that Kafka wasn't asked for?"
    is_stretch = True

    def judge(self, scene: Scene, cluster: Cluster, attempt: Callable[..., Any]) -> Verdict:
        """Partitions that have a copy there, and such that haven't."""
        old, new, stays = scene.random.sample(BROKERS, 3)
        lists = [[old, stays], [stays, old], [new, stays], [stays, new]]
        scene.random.shuffle(lists)
        copies = dict(enumerate(lists))
        wanted = {number: [new if one == old else one for one in brokers] for number, brokers in copies.items()}
        led = {number for number, brokers in copies.items() if brokers[0] == old}
        topic = scene.placed("orders", copies)
        wait_for(scene, topic, is_whole)
        scene.publish(topic, scene.orders(3))
        with handover(scene, cluster, topic, old) as seen:
            scene.call(attempt, topic, old, new)
        with scene.off_the_clock():
            for number in BROKERS:
                cluster.start_broker(number)
        scene.connect_anew()
        if seen.asked and not seen.looked:
            return wrong(
                "Whether the copies are there when the function returns is luck: nothing in it looks.",
                expected="every copy known to be in sync when the function returns",
                observed="the last thing that Kafka was asked for was to move them",
                misconception=MOVED_WHEN_IT_RETURNS,
            )
        # Where brokers are held up, Kafka 4.3.1 may say that nothing moves, and 20 ms later that it does (3 of 31).
        if not seen.told_done and scene.is_moving(topic):
            return wrong(
                "Copies are still on their way.",
                expected="every copy in sync when the function returns",
                observed="copies that are being made",
            )
        patience = _SETTLING if mentions(attempt, "reassign") else _AT_ONCE
        found = _settled(scene, topic, lambda one: list(one.replicas) == wanted[one.number] and is_whole(one), patience)
        for one in found:
            if list(one.replicas) != wanted[one.number]:
                if sorted(one.replicas) == sorted(wanted[one.number]):
                    return wrong(
                        f"The copies of partition {one.number} are on the right brokers, but broker {new} isn't at the place that broker {old} had in the list, whose first is the preferred leader.",
                        expected=f"copies on {listed(wanted[one.number])}, in this order",
                        observed=f"copies on {listed(one.replicas)}",
                    )
                kept = list(one.replicas) == copies[one.number]
                belief = COPIES_ARE_MADE_UP_FOR if kept and not mentions(attempt, "reassign") else None
                if all(
                    list(each.replicas) == (wanted if each.number in led else copies)[each.number] for each in found
                ):
                    belief = A_BROKER_HAS_WHAT_IT_LEADS
                return wrong(
                    f"Partition {one.number} had copies on {listed(copies[one.number])}, and broker {new} is to take the place of broker {old}.",
                    expected=f"copies on {listed(wanted[one.number])}",
                    observed=f"copies on {listed(one.replicas)}",
                    misconception=belief,
                )
        for one in found:
            if not is_whole(one):
                return wrong(
                    f"Partition {one.number} isn't done yet.",
                    expected=f"in sync {listed(sorted(wanted[one.number]))}",
                    observed=f"in sync {listed(sorted(one.in_sync))}",
                )
        if seen.stopped_early:
            return wrong(
                "The copies are where they are to be, but for a while there was one less.",
                expected=f"broker {old} runs until broker {new} has its copies",
                observed=f"broker {old} was stopped while partitions had their copies there",
            )
        return passed("The old broker has no copy of the topic any more, and none is missing.")


def _word(partition: Partition, minimum: int) -> str:
    if partition.leader is None:
        return "down"
    if len(partition.in_sync) < minimum:
        return "refuses"
    return "fine" if len(partition.in_sync) == len(partition.replicas) else "at risk"


def _same_ids(result: object, expected: list[int]) -> bool:
    """In whatever order: answers come from several partitions."""
    if isinstance(result, list) and all(isinstance(one, int) for one in result):
        return same(sorted(result), sorted(expected))
    return same(result, expected)


def _nobody_promised(sends: Sends) -> Verdict:
    return wrong(
        "The leader alone was asked for an answer, or nobody: how many brokers have the orders, Kafka hasn't said.",
        expected="an answer that counts the copies in sync",
        observed=f"orders sent with acks={listed(sorted('all' if one == -1 else str(one) for one in sends.acks))}",
        misconception=LEADER_IS_ENOUGH,
    )


def _settled(
    scene: Scene, topic: str, condition: Callable[[Partition], bool], seconds: float = _SETTLING
) -> tuple[Partition, ...]:
    """The partitions as soon as each is as it should be, or as they are in the end."""
    deadline = time.monotonic() + seconds
    while True:
        found = partitions(scene, topic)
        if (found and all(map(condition, found))) or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


EXERCISES = (TopicForPayments(), Alarm(), PutBack(), WhatIsPromised(), ReplaceABroker())
