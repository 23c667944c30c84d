"""Questions of lesson 04, Keyed partitions."""

from learnkafka.questions.question import Choice, Question

PREDICTIONS: tuple[Question, ...] = (
    Question(
        "04-same-key",
        "Twelve orders of four customers go to three partitions, with the customer as key. How are they spread?",
        (
            Choice(
                "In turn: four to each partition", "That would be even, but a customer's orders would be torn apart."
            ),
            Choice(
                "Each customer's orders are in one partition, and a partition may have several customers'",
                "Same key, same partition. With more keys than partitions, some have to share.",
            ),
            Choice(
                "Each customer has a partition to itself",
                "There are three partitions and four customers; and a partition isn't made for a key.",
            ),
            Choice(
                "At random",
                "It can look so, since nothing in a customer's number tells its partition. But it is the same one each time.",
            ),
        ),
        right=1,
    ),
    Question(
        "04-order",
        "All orders were sent oldest first, with the customer as key. One consumer reads the whole topic. What comes in the order in which it was sent?",
        (
            Choice(
                "All of it: a topic is ordered",
                "A widespread belief, and true of a topic with one partition. This one has three logs, which know nothing of each other.",
            ),
            Choice(
                "Nothing to rely on: there are three partitions",
                "Too pessimistic: each partition is a log, and is read by offset.",
            ),
            Choice(
                "Each customer's own orders, but not the whole",
                "A customer's orders are all in one partition, and a partition is read in the order in which it was written.",
            ),
            Choice(
                "All of it, since there is only one consumer",
                "It reads all three partitions, and nobody tells it which of three records was sent first.",
            ),
        ),
        right=2,
    ),
    Question(
        "04-no-key",
        "The same orders again, without a key. To which partitions does kafka-python send them?",
        (
            Choice(
                "All to one partition",
                "That would be so if null were a key like any other. But there is nothing to hash.",
            ),
            Choice(
                "In turn: 0, 1, 2, 0, 1, 2, …",
                "Older Java clients did that, and many articles still say so.",
            ),
            Choice(
                "Each to one that is chosen at random",
                "About as many to each, and no order: not of the whole, and not of a customer.",
            ),
            Choice("They are refused: the topic has records by key", "A topic doesn't know what its keys are for."),
        ),
        right=2,
    ),
    Question(
        "04-hot-key",
        "With 6 partitions, the fullest one has 3,239 records. How many has the fullest one with 12?",
        (
            Choice(
                "About 1,600: half as many",
                "Twice the partitions, half the load: that holds for an average over many keys. But the 3,084 orders of one CD have one key.",
            ),
            Choice(
                "About as many as before",
                "The orders of one CD are still in one partition together. Of all the others that shared it with them, a single one has gone elsewhere.",
            ),
            Choice(
                "About 577: a twelfth of all",
                "A twelfth is what each would have if the keys were spread evenly. Nearly half of the records have one key.",
            ),
        ),
        right=1,
    ),
    Question(
        "04-other-client",
        "The app sends records with the same keys to the same topic as the website. Are a customer's orders still in one partition?",
        (
            Choice("Yes: the key decides, whoever sends", "The key's hash decides, and the app's hash is another one."),
            Choice("Yes: the broker puts them together", "The broker puts a record where the client says."),
            Choice(
                "No: each client takes partitions of its own",
                "Both use all three partitions. They only come to different numbers.",
            ),
            Choice(
                "Only where both hashes happen to lead to the same one",
                "Here that's so for two customers of four. With three partitions it is about one in three.",
            ),
        ),
        right=3,
    ),
    Question(
        "04-more-partitions",
        "A topic with keys goes from three partitions to four. How many of the customers who order again get another partition than before?",
        (
            Choice(
                "None: a key has its partition",
                "Nobody keeps a list of keys and partitions. It is worked out anew for each record.",
            ),
            Choice(
                "About a quarter: those who get the new one",
                "Some systems are built so that no more than that move. A remainder isn't: it changes between the old partitions, too.",
            ),
            Choice(
                "About three quarters",
                "The remainders by 3 and by 4 are the same for a quarter of all numbers only.",
            ),
            Choice(
                "All of them, and their earlier orders move along",
                "Records never move. And some keys have the same remainder by chance.",
            ),
        ),
        right=2,
    ),
    Question(
        "04-old-producer",
        "Customer 0244's key had partition 0 of three, and has partition 1 of four. Where does the website, which has been running all the time, send the next record?",
        (
            Choice("To partition 1", "A producer that starts now does. This one still reckons with three."),
            Choice(
                "To partition 0",
                "It knows of three partitions until it asks for metadata again, by default every five minutes.",
            ),
            Choice(
                "Nowhere: `send()` raises an error",
                "Partition 0 is still there, so nothing is wrong with sending to it.",
            ),
        ),
        right=1,
    ),
)

RECALL: tuple[Question, ...] = (
    Question(
        "04-recall-order",
        "A topic has six partitions, and its records have the customer as key. What is handed to consumers in the order in which it was written?",
        (
            Choice("The records of one customer", "They are in one partition, and a partition is read by offset."),
            Choice("All records of the topic", "Between partitions nothing is promised."),
            Choice("The records of one day", "They are spread over all partitions, unless the day is the key."),
        ),
        right=0,
    ),
    Question(
        "04-recall-hot",
        "One consumer of six is always behind: half of all records have the same key. What helps?",
        (
            Choice("Twelve partitions", "One key is one partition, however many there are."),
            Choice("Twelve consumers", "Its partition is read by one consumer of a group at a time."),
            Choice("Another key, or spreading this one", "The second costs the order of the records with this key."),
        ),
        right=2,
    ),
    Question(
        "04-recall-more",
        "What happens to the records that are there when a topic is given more partitions?",
        (
            Choice("They move to the partitions that their keys have now", "A record stays at its address."),
            Choice(
                "Nothing: but later records of many keys go elsewhere",
                "So a customer's records may be in two partitions, and in no order.",
            ),
            Choice("They are removed", "Nothing is removed, and nothing moves."),
        ),
        right=1,
    ),
)
