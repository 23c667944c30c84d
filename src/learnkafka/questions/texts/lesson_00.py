"""Questions of lesson 00, Start here."""

from learnkafka.questions.question import Choice, Question

PREDICTIONS: tuple[Question, ...] = (
    Question(
        "00-first-place",
        "The topic is new and empty. Which place will the broker give to the first record?",
        (
            Choice("Place 1", "People count from 1. Kafka counts as Python does, from 0."),
            Choice("Place 0", "Places are counted from 0, as in a Python list."),
            Choice("The time at which it came", "A record has a time as well. Its place is a count."),
            Choice(
                "None, until somebody reads it",
                "A record has its place from the moment the broker has it, whether or not anybody reads.",
            ),
        ),
        right=1,
    ),
    Question(
        "00-two-more",
        "One record has been read. Now two more are sent, and a new consumer starts at the `earliest`. What does it read?",
        (
            Choice(
                "The two new ones",
                "So it would be in a queue, where reading takes a message out. Here reading takes nothing away.",
            ),
            Choice(
                "All three, the newest first",
                "A topic grows at its end, and is read from its beginning towards the end.",
            ),
            Choice(
                "All three, in the order in which they were sent",
                "The first one is still there: reading takes nothing away, and the order is that of the offsets.",
            ),
        ),
        right=2,
    ),
)

RECALL: tuple[Question, ...] = (
    Question(
        "00-recall-get",
        "What does `.get()` wait for in `producer.send(topic, value).get()`?",
        (
            Choice("That the broker says that it has the record", "The answer holds the record's place, its offset."),
            Choice(
                "That a consumer has read the record",
                "A producer knows nothing of those who read, and doesn't wait for them.",
            ),
            Choice("That the topic is empty", "A topic isn't emptied by reading."),
        ),
        right=0,
    ),
    Question(
        "00-recall-read",
        "A consumer has read a record. Where is the record now?",
        (
            Choice("With the consumer only", "The consumer has a copy. The topic still has the record."),
            Choice("In the topic, as before", "You read the same record twice in lesson 00."),
            Choice(
                "In the topic, marked as read",
                "Nothing is written to a record when it is read. How far a reader has come is kept elsewhere.",
            ),
        ),
        right=1,
    ),
    Question(
        "00-recall-offset",
        "What is an offset?",
        (
            Choice("The time at which a record came", "A record has a time as well, its timestamp."),
            Choice("A record's size in bytes", "Offsets count records, not bytes."),
            Choice("A record's place, counted from 0", "The broker gives it when the record comes in."),
        ),
        right=2,
    ),
)
