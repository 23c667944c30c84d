"""Questions of lesson 07, Rebalancing."""

from learnkafka.questions.question import Choice, Question

PREDICTIONS: tuple[Question, ...] = (
    Question(
        "07-third-member",
        "Two members have three partitions each, and a third one joins. How many of the six partitions are given back, so that they can be shared out anew?",
        (
            Choice("None: the newcomer waits", "It would if each partition had a member of its own already."),
            Choice(
                "Two: the ones that the newcomer gets",
                "That would do, and there is a way to it, later in this lesson. By default it goes otherwise.",
            ),
            Choice(
                "Three: those that get another member",
                "Three do: 2, 4 and 5. But the other three are given back as well, and handed out again.",
            ),
            Choice(
                "All six",
                "Each member gives up everything before it joins anew, also what it gets back a moment later.",
            ),
        ),
        right=3,
    ),
    Question(
        "07-stop-or-kill",
        "The session timeout is 6 seconds. One member leaves in order on SIGTERM, one is killed, and one ends on SIGTERM as Python does by default. How soon does the group go on without them?",
        (
            Choice(
                "All at once: their connections break",
                "Connections break for many reasons, so the coordinator makes nothing of it.",
            ),
            Choice(
                "At once, except for the one that was killed",
                "A signal is nothing that Kafka hears. What counts is whether the consumer closes, and Python doesn't see to that.",
            ),
            Choice(
                "At once for the one that leaves in order, after some 6 seconds for the two others",
                "Only a consumer that closes tells the coordinator.",
            ),
            Choice(
                "All after some 6 seconds",
                "Nobody has to wait for one that has said that it leaves.",
            ),
        ),
        right=2,
    ),
    Question(
        "07-hangs",
        "The session timeout is 6 seconds, the poll interval 9. A member hangs: it polls no more, and its heartbeats go on. When does the group go on without it?",
        (
            Choice(
                "At once",
                "Nobody can tell one that hangs from one that works hard, until it has taken too long.",
            ),
            Choice(
                "After some 6 seconds",
                "Six seconds without a heartbeat, that is. Its heartbeats go on.",
            ),
            Choice(
                "After some 9 seconds",
                "The heartbeats don't count for ever: a member has to poll as well.",
            ),
            Choice(
                "Never, while its heartbeats go on",
                "So it was in Kafka's early years, and such members blocked their groups.",
            ),
        ),
        right=2,
    ),
    Question(
        "07-uncommitted",
        "One member has handled 60 orders in six partitions, and committed none. A second one joins. The first gives back all six, gets three of them again, and commits nothing. With kafka-python, how many orders are handled twice?",
        (
            Choice("None: they were handled", "That isn't written down anywhere: a commit would be."),
            Choice(
                "30: those in the three partitions that move",
                "Their new owner begins where the group's place is, and that is the beginning.",
            ),
            Choice(
                "All 60: everything was given back",
                "It was. But kafka-python remembers where it was in a partition that it gets back at once.",
            ),
        ),
        right=1,
    ),
    Question(
        "07-cooperative",
        "A third member joins, with a cooperative assignor, while one member is busy for 2.5 seconds. Partition 0 stays with the other one, which has nothing else to do. What becomes of its records, with kafka-python?",
        (
            Choice(
                "They are read as if nothing had happened",
                "It is what *cooperative* promises, and what Java's consumer does. kafka-python keeps the partition, and no more.",
            ),
            Choice(
                "They wait, until the busy member has joined, too",
                "The partition isn't given back, but `poll()` gives nothing until the rebalance is through.",
            ),
            Choice(
                "They go to the newcomer in the meantime",
                "The partition has an owner, and nobody else gets it.",
            ),
        ),
        right=1,
    ),
    Question(
        "07-static",
        "A member with a `group_instance_id` is stopped in order and started again. How often does the other member have to give something back?",
        (
            Choice("Twice: when it goes, and when it comes back", "So it is for members without a name of their own."),
            Choice(
                "Once, when it goes: when it comes back, the group knows it",
                "The group does know it. But it also knows whose partitions it keeps, and so it shares out nothing when the member goes.",
            ),
            Choice(
                "Once, when it comes back: it has been away for too short a time to be missed",
                "For a member without a name, going is noticed at once. One with a name comes back as itself, and not as a new one.",
            ),
            Choice(
                "Not at all",
                "The group waits for a static member that has closed, and gives it back what it had.",
            ),
        ),
        right=3,
    ),
)

RECALL: tuple[Question, ...] = (
    Question(
        "07-recall-killed",
        "A member of a group is killed. When do others get its partitions?",
        (
            Choice("At once: its connection breaks", "The coordinator makes nothing of a connection that breaks."),
            Choice("When the session timeout is over", "Until then its heartbeats might just be late."),
            Choice("At the next commit", "Nobody commits for it, and nobody waits for that."),
        ),
        right=1,
    ),
    Question(
        "07-recall-hangs",
        "A member's handler is in an endless loop. Its heartbeats go on. What puts it out of the group?",
        (
            Choice("`session_timeout_ms`", "That is for members whose heartbeats stop."),
            Choice("`max_poll_interval_ms`", "A member has to poll, too: it shows that the work goes on."),
            Choice("Nothing", "Then its partitions would stand still for good."),
        ),
        right=1,
    ),
    Question(
        "07-recall-static",
        "A group has two static members and a session timeout of 20 seconds. One of them is stopped in order, and is back after five. Who reads its partitions in these five seconds?",
        (
            Choice(
                "The other member, and it keeps them",
                "So it is with members that have no name of their own: one that closes leaves.",
            ),
            Choice("The other member, and it gives them back", "That would be two rebalances. There was none."),
            Choice(
                "Nobody",
                "They wait for the member whose name they are kept for. After 20 seconds others would get them.",
            ),
        ),
        right=2,
    ),
)
