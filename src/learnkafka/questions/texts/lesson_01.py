"""Questions of lesson 01, Why publish-subscribe."""

from learnkafka.questions.question import Choice, Question

PREDICTIONS: tuple[Question, ...] = (
    Question(
        "01-billing-down",
        "Six orders come in, and billing is down from the third on. What becomes of orders 3 to 6?",
        (
            Choice(
                "They are accepted, and billing makes up for them later",
                "Billing would have to learn of them later, and nobody has a note of what it missed: a call that fails leaves nothing behind.",
            ),
            Choice(
                "They fail, but inventory has handled them",
                "Inventory did its part before it called billing, and then its own answer became an error. That is the worst of both: the customer is told no, and the CDs are off the shelf.",
            ),
            Choice(
                "They fail, and nobody has handled them",
                "That would at least be tidy. But inventory works first and calls then, and nothing takes its work back.",
            ),
            Choice(
                "Shipping handles them without billing",
                "Shipping hears of an order from billing only: in a chain, whoever stands behind the broken link hears nothing.",
            ),
        ),
        right=1,
    ),
    Question(
        "01-billing-returns",
        "Through the topic, billing has handled orders 1 and 2. Now it is back and reads under its own name again. Which orders does it get?",
        (
            Choice(
                "Those that come from now on",
                "So it would be with a radio: what one misses is gone. The topic has kept the orders, and Kafka has kept billing's place.",
            ),
            Choice("All six", "Its place was kept, so it needn't begin again."),
            Choice(
                "None: inventory and shipping have read them all",
                "Reading takes nothing away, and the others' places are not billing's.",
            ),
            Choice("Orders 3 to 6", "Kafka had kept, under the name `billing`, that two orders had been read."),
        ),
        right=3,
    ),
    Question(
        "01-slow-shipping",
        "Packing takes 0.2 seconds an order. Ten orders go through a topic this time. When is the website done with publishing them?",
        (
            Choice(
                "Long before they are packed",
                "The website waits for the broker only, which needs a few milliseconds for a record.",
            ),
            Choice(
                "When they are packed, after 2 seconds",
                "With calls it was so. Now nobody waits for shipping, because nobody calls it.",
            ),
            Choice(
                "Never: a slow reader makes the topic refuse more",
                "A topic isn't a pipe that fills up: it is a file on a disk, and doesn't know how far its readers are.",
            ),
        ),
        right=0,
    ),
    Question(
        "01-late-analytics",
        "Six orders were published, and read by three services. Now analytics starts, and asks for the `earliest`. How many orders does it read?",
        (
            Choice(
                "None: they have been read", "In a queue a message is gone when it has been read. A topic is a log."
            ),
            Choice(
                "Only those that come from now on",
                "So it would be with kafka-python's default, `latest`.",
            ),
            Choice("All six", "The topic still has them, and this reader begins at the beginning."),
            Choice(
                "Some: they are shared out among the services",
                "Each service reads under a name of its own, and so each gets all.",
            ),
        ),
        right=2,
    ),
    Question(
        "01-newcomer",
        "A consumer with a new name reads the topic with the six orders, without saying where to start. How many does it read?",
        (
            Choice(
                "None",
                "A name that has no place yet starts where `auto_offset_reset` says, and that is the end of the topic (`latest`) unless you say otherwise.",
            ),
            Choice("Six", 'Most people expect this, and it is what `auto_offset_reset="earliest"` does.'),
            Choice(
                "One, the newest",
                "`latest` sounds like it. It means *after* the newest record: what comes from now on.",
            ),
        ),
        right=0,
    ),
)

RECALL: tuple[Question, ...] = (
    Question(
        "01-recall-log",
        "In what does a *log* differ from a *queue*?",
        (
            Choice(
                "In a log, a record that was read is still there", "So many can read it, each from a place of its own."
            ),
            Choice("A log has one reader only", "It is rather in a queue that a message goes to one reader."),
            Choice(
                "A record in a log can be changed afterwards",
                "A log only grows at its end; what is in it stays as it is.",
            ),
        ),
        right=0,
    ),
    Question(
        "01-recall-place",
        "Billing was away, and went on where it had stopped. Who had kept its place?",
        (
            Choice("The topic, by removing what billing had read", "Nothing is removed by reading."),
            Choice(
                "Kafka, under the consumer's `group_id`", "Any program that reads under this name goes on from there."
            ),
            Choice("The producer, by sending again", "A producer sends once, and doesn't know who reads."),
        ),
        right=1,
    ),
    Question(
        "01-recall-call",
        "When is a call the better tool?",
        (
            Choice(
                "When much is to be sent", "Much is what a topic is good at: it lies there until somebody reads it."
            ),
            Choice("When the other service is slow", "Then the caller is slow as well."),
            Choice("When you need the answer in order to go on", "*Is this password right?* can't be answered later."),
        ),
        right=2,
    ),
)
