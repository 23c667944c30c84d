"""Questions of lesson 02, Topics: the append-only log."""

from learnkafka.questions.question import Choice, Question

PREDICTIONS: tuple[Question, ...] = (
    Question(
        "02-offsets",
        "Nine orders go to a topic with three partitions, three to each. Which offsets do they get?",
        (
            Choice(
                "0 to 8: each offset once",
                "So it would be if a topic were one log. It is three, and each counts for itself.",
            ),
            Choice("0, 1 and 2 in each partition", "Each partition is a log of its own, and counts from 0."),
            Choice(
                "0 to 2 in partition 0, 3 to 5 in partition 1, 6 to 8 in partition 2",
                "The partitions know nothing of each other, so none can go on where another stopped.",
            ),
        ),
        right=1,
    ),
    Question(
        "02-reading",
        "Three consumers read all nine records, one after the other. What are the logs like afterwards?",
        (
            Choice(
                "Empty: everything has been read",
                "Reading removes nothing. Retention does, and doesn't ask who has read.",
            ),
            Choice(
                "The records are there, marked as read",
                "A record is never changed. What moves is a reader's own place, and that is kept elsewhere.",
            ),
            Choice("As they were", "Three consumers, nine records each, and not one is missing."),
            Choice(
                "Empty for these three, full for others",
                "It can look so, since a reader goes on from its place. But that is the reader's, not the log's: each of these three began at the beginning.",
            ),
        ),
        right=2,
    ),
    Question(
        "02-which-broker",
        "A cluster has a hundred brokers, and your consumer has the address of one. How does it get a record that another broker keeps?",
        (
            Choice(
                "It asks which broker leads the partition, and goes there",
                "Any broker can answer that question. The address is only where one begins.",
            ),
            Choice(
                "The broker that it knows fetches the record for it",
                "Some databases do this. A Kafka broker doesn't pass on: it would be in the way of everything.",
            ),
            Choice(
                "It needn't: every broker has every record",
                "Each partition is kept by a few brokers only, as many as its replication factor says.",
            ),
        ),
        right=0,
    ),
    Question(
        "02-large-log",
        "Reading the record at offset 47,113 of a log with 62,271 records: how long does that take, compared with the third record of three?",
        (
            Choice("About 20,000 times as long", "So it would be if Kafka read from the front until it got there."),
            Choice(
                "About a hundred times as long",
                "Searching through many files might cost that. But the name of a file already says which offsets are in it.",
            ),
            Choice(
                "About as long",
                "Pick the segment by its name, look up its index, read a little: that costs about the same in a log of any size.",
            ),
        ),
        right=2,
    ),
    Question(
        "02-misspelt",
        "A producer sends to `oders`, a topic that isn't there. What happens, on our broker?",
        (
            Choice(
                "The topic is made",
                "That is Kafka's default, and how misspelt topics come to be in many a cluster. On our broker it is off, as in most companies.",
            ),
            Choice(
                "The producer waits, and then there is an error",
                "The topic might be about to be made, so the producer waits: a minute, unless you say otherwise.",
            ),
            Choice(
                "The record is lost without a word",
                "Not here: `send()` needs to know the topic's partitions before it can take the record.",
            ),
        ),
        right=1,
    ),
)

RECALL: tuple[Question, ...] = (
    Question(
        "02-recall-address",
        "Support is told of a broken record at *offset 17*. What else must it know to find it?",
        (
            Choice("The topic", "Each of its partitions may have a record at offset 17."),
            Choice("The topic and the partition", "Topic, partition and offset together are a record's address."),
            Choice("The broker that it lies on", "That is found out by asking for metadata, and may change."),
        ),
        right=1,
    ),
    Question(
        "02-recall-removed",
        "The oldest ten records of a partition are removed. Which offset does the record that was at offset 17 have now?",
        (
            Choice("7", "Nothing moves up: then every note of an address would be wrong."),
            Choice("0", "The log now starts at offset 10."),
            Choice("17", "A record keeps its offset. The log starts later, that is all."),
        ),
        right=2,
    ),
    Question(
        "02-recall-partitions",
        "What can be done with a topic's number of partitions after the topic was made?",
        (
            Choice("It can be raised, but not lowered", "And raising it has its price, as lesson 04 shows."),
            Choice("It can be raised and lowered", "To lower it, records would have to be moved to other addresses."),
            Choice("Nothing", "It can be raised."),
        ),
        right=0,
    ),
)
