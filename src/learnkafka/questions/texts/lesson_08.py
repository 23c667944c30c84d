"""Questions of lesson 08, Seek and replay."""

from learnkafka.questions.question import Choice, Question

PREDICTIONS: tuple[Question, ...] = (
    Question(
        "08-seek",
        "Position and committed offset are both 12. The consumer calls `seek(log, 4)`, reads three orders, and commits nothing. What are the two now?",
        (
            Choice(
                "Position 7, committed 4",
                "So it would be if a seek moved the group. It moves this consumer alone.",
            ),
            Choice(
                "Position 15, committed 12",
                "Nothing is appended by reading again: these are the same three records, at their old offsets.",
            ),
            Choice(
                "Position 7, committed 12",
                "The position goes on from 4 with each record. The group's place waits for a commit.",
            ),
            Choice(
                "Both 7",
                "That takes a commit. With auto-commit it would come by itself, a little later.",
            ),
        ),
        right=2,
    ),
    Question(
        "08-earliest",
        'Statistics has read 6,919 orders, and its group has committed. It is restarted with `auto_offset_reset="earliest"`. How many orders does it get?',
        (
            Choice(
                "None",
                "There is a commit, at the end, and the group goes on from there. The setting isn't even looked at.",
            ),
            Choice(
                "All 6,919",
                "The setting's name says so. But it is only for a group that has no valid commit; statistics was such a group once, at its first start.",
            ),
            Choice(
                "Those since its last commit, and a few before",
                "The few before are what a crash repeats. This service has ended in order.",
            ),
        ),
        right=0,
    ),
    Question(
        "08-between",
        "What does `offsets_for_times` give for the midnight with which 1 March 1997 began?",
        (
            Choice(
                "For each partition, the records of that day",
                "It gives places only. Reading is still yours to do.",
            ),
            Choice(
                "For each partition, the offset of the last record dated earlier",
                "A replay from that time on would begin with one record too many.",
            ),
            Choice(
                "For each partition, the offset of a record dated exactly so, if there is one",
                "It would be of little use then: times are seldom hit to the millisecond.",
            ),
            Choice(
                "For each partition, the offset of the first record dated then or later",
                "That is where a replay from this time on begins.",
            ),
        ),
        right=3,
    ),
    Question(
        "08-one-customer",
        "What has to be read, at the least, to find the orders of one customer in 1997?",
        (
            Choice(
                "The customer's orders: Kafka looks them up by their key",
                "Kafka finds records by offset and by time. There is no index of keys.",
            ),
            Choice(
                "The records of 1997 in one partition",
                "The key has led all of the customer's orders to one partition. Within it, only reading tells whose they are.",
            ),
            Choice(
                "The records of 1997 in all partitions",
                "So it would be without a key.",
            ),
            Choice(
                "The whole topic",
                "Time and key narrow it down, though the key only as far as the partition.",
            ),
        ),
        right=1,
    ),
    Question(
        "08-reset",
        "A member of billing is running, and somebody resets the group's offsets to an earlier time. What happens?",
        (
            Choice(
                "The member goes back there with its next `poll()`",
                "It has its position in its memory, and asks for the committed offset only when it is given a partition.",
            ),
            Choice(
                "The new place is written down, and counts from the next start on",
                "This sounds harmless. But the running member would commit over it, and so Kafka doesn't do it.",
            ),
            Choice(
                "It is refused while anybody is in the group",
                "And it says so. What a group has committed, only its members may change while it has any.",
            ),
        ),
        right=2,
    ),
    Question(
        "08-pause",
        "The member has paused partition 0, and goes on calling `poll()` for longer than `max_poll_interval_ms`. What becomes of partition 0?",
        (
            Choice(
                "It stays the member's, and its place too",
                "A member that polls is alive, whether or not anything comes. When it resumes, it goes on where it was.",
            ),
            Choice(
                "The group gives it to another member",
                "That happens to members that don't poll. A pause is a matter between a consumer and itself: the group knows nothing of it.",
            ),
            Choice(
                "Its records are skipped",
                "They stay in the log, and the position stays in front of them.",
            ),
        ),
        right=0,
    ),
)

RECALL: tuple[Question, ...] = (
    Question(
        "08-recall-earliest",
        "A group that has committed is to read everything again. Which of these does *not* bring that about?",
        (
            Choice("Resetting the group's offsets while nobody is in it", "This does, and the code stays as it is."),
            Choice('A restart with `auto_offset_reset="earliest"`', "It counts only where there is no valid commit."),
            Choice(
                "`seek_to_beginning()` when it has its partitions",
                "This does, and the next commit writes it down for the group.",
            ),
        ),
        right=1,
    ),
    Question(
        "08-recall-none",
        "You are looking for the end of a period, and `offsets_for_times` gives `None` for one of the partitions. How far do you read in that one?",
        (
            Choice(
                "Not at all",
                "`None` sounds like nothing. But there may be records of the period: only none that is later.",
            ),
            Choice(
                "To the end of the log",
                "No record there is as late as the end of the period, so nothing comes that doesn't belong to it.",
            ),
            Choice(
                "To the offset that another partition has",
                "Offsets of different partitions have nothing to do with each other.",
            ),
        ),
        right=1,
    ),
    Question(
        "08-recall-pause",
        "A replay is to go slowly. Why `pause()` and not simply fewer calls of `poll()`?",
        (
            Choice("`poll()` would skip what it didn't fetch in time", "Nothing is skipped: the position waits."),
            Choice("A paused consumer needs no heartbeats", "It needs them, and goes on sending them."),
            Choice("Who doesn't poll for long is out of the group", "A paused consumer polls, and so it stays."),
        ),
        right=2,
    ),
)
