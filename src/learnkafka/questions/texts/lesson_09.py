"""Questions of lesson 09, Retention and compaction."""

from learnkafka.questions.question import Choice, Question

PREDICTIONS: tuple[Question, ...] = (
    Question(
        "09-a-week",
        "Nine orders of January 1997, with their own dates as timestamps, go to a topic that keeps a week. What becomes of them?",
        (
            Choice("They are refused", "The broker takes what is old, too, and says that it has it."),
            Choice(
                "They stay for a week from now",
                "So it would be if age were measured from when a record came. It is measured from the record's timestamp.",
            ),
            Choice(
                "They stay, since the segment that is being written is never deleted",
                "That is true of compaction, as you will see. Retention by time begins a new segment, and takes the old one.",
            ),
            Choice(
                "They are stored, and then all of them go",
                "Their timestamps are older than a week, so they went when the broker next looked.",
            ),
        ),
        right=3,
    ),
    Question(
        "09-segments",
        "`retention.ms` is set so that it reaches back to 16 March 1997. The orders of the 1st, the 11th and the 21st of a month are one segment. Which is the oldest order that is left?",
        (
            Choice(
                "That of 21 March", "It is the oldest one that was asked for, but the two before it are in its segment."
            ),
            Choice(
                "That of 1 March",
                "The newest order of March is young enough, so the whole segment stays.",
            ),
            Choice("That of 1 April", "So it would be if a segment went as soon as a part of it is too old."),
            Choice(
                "That of 1 January: the change counts for new records only",
                "Whenever the broker looks, it goes by the setting as it is then.",
            ),
        ),
        right=1,
    ),
    Question(
        "09-readers",
        'Auditing has committed offset 10, analytics has read everything up to 18; both have `auto_offset_reset="earliest"`. Retention is shortened to 16 May, and the segment of May begins at offset 12. What happens?',
        (
            Choice(
                "Retention waits until auditing has read offsets 10 and 11",
                "It doesn't know of readers, so it can't wait for them.",
            ),
            Choice(
                "Everything goes that analytics has read",
                "Reading removes nothing. What went was too old, and the rest was read and is there.",
            ),
            Choice(
                "Offsets 10 and 11 go, and auditing fails when it comes back",
                'So it would be with `"none"`. With `"earliest"` it goes on at the oldest record that is left.',
            ),
            Choice(
                "Offsets 10 and 11 go, and auditing goes on at 12 without a word",
                "Nobody asks the readers, and nobody tells them.",
            ),
        ),
        right=3,
    ),
    Question(
        "09-size",
        "Fifty reports are written. Ten of them are a segment of just under 1 MB, and `retention.bytes` is 2 MB. How many reports are left?",
        (
            Choice(
                "Twenty: two segments, so that the limit is kept",
                "Kafka takes a segment only when at least 2 MB are left without it. Here it would be a little less.",
            ),
            Choice(
                "Thirty: three segments, and so more than the limit",
                "With one segment less, there would be a little less than the 2 MB that may stay.",
            ),
            Choice(
                "Ten: only the segment that is being written",
                "Then far less than the limit would be left. Kafka doesn't go below it.",
            ),
            Choice("The first twenty: then the topic is full", "A topic is never full. What is old makes room."),
        ),
        right=1,
    ),
    Question(
        "09-by-hand",
        "Offsets 12, 13 and 14 are one segment. `delete_records` is asked to remove everything before offset 13. What is so at once afterwards?",
        (
            Choice(
                "The log starts at 13, and the file still has 12, 13 and 14",
                "Only a number was changed, the log start. The file goes later, as a whole.",
            ),
            Choice(
                "The log starts at 13, and the file has 13 and 14",
                "It would have to be written anew. Retention and deleting don't do that.",
            ),
            Choice(
                "The log starts at 15, since a segment goes as a whole",
                "So it is with retention. By hand you say the offset, and that is the log start.",
            ),
        ),
        right=0,
    ),
    Question(
        "09-compaction",
        "Twelve records of four customers: nine in closed segments, three in the active one. Compaction begins, and comes to rest. How many records are left?",
        (
            Choice("Four: one for each customer", "So it would be if the active segment were compacted as well."),
            Choice(
                "Seven: four from the closed segments, and the three of the active one",
                "One for each customer among the nine, and the active segment isn't touched.",
            ),
            Choice(
                "Twelve: the disk isn't full",
                "Compaction comes when enough of a log is new, however empty the disk is.",
            ),
            Choice(
                "Three: only the active segment", "So it would be if closed segments were deleted. They are compacted."
            ),
        ),
        right=1,
    ),
    Question(
        "09-marker",
        "A deletion marker for customer 0092 is written: the key, and no value. Then compaction comes, today and again on later days. What does the topic hold of this customer?",
        (
            Choice(
                "Nothing, as soon as the marker is written",
                "A log is only written at its end. The marker is a record like others.",
            ),
            Choice(
                "Nothing, after the first compaction",
                "Then a service that has read the old total, and was down just then, would never learn that it was deleted.",
            ),
            Choice(
                "The marker, and some time later nothing",
                "It stays for `delete.retention.ms` when the old total goes, so that readers see it; then it goes, too.",
            ),
            Choice(
                "The marker, for good",
                "It looks as if it had to guard against the old total. But that is gone, and can't come back.",
            ),
        ),
        right=2,
    ),
)

RECALL: tuple[Question, ...] = (
    Question(
        "09-recall-readers",
        'A consumer was down for ten days, and its topic keeps a week. What does it read when it is back, with `auto_offset_reset="earliest"`?',
        (
            Choice("Everything since it stopped: retention waits for it", "Retention doesn't know of readers."),
            Choice(
                "The oldest record that is left, and what comes after it",
                "Its offset is gone, so the setting counts. Of what it missed it isn't told.",
            ),
            Choice("Nothing: it gets an error", 'So it would be with `"none"`.'),
        ),
        right=1,
    ),
    Question(
        "09-recall-compaction",
        "How many records of one key can a compacted topic hold?",
        (
            Choice("One at most", "Compaction works in the background, and never in the active segment."),
            Choice("One at least, and often more", "The newest one stays; older ones go some time later."),
            Choice("As many as fit into `retention.bytes`", "That belongs to the policy `delete`."),
        ),
        right=1,
    ),
    Question(
        "09-recall-marker",
        "How is a key deleted from a compacted topic?",
        (
            Choice("By `delete_records` with its offset", "That moves the log start, and takes everything before it."),
            Choice(
                "By a record with that key and without a value",
                "Compaction then removes what is older; and later, the marker itself.",
            ),
            Choice("By a record with that key and an empty text", "An empty text is a value like others."),
        ),
        right=1,
    ),
)
