"""Questions of lesson 11, Replication and leader election."""

from learnkafka.questions.question import Choice, Question

PREDICTIONS: tuple[Question, ...] = (
    Question(
        "11-reads",
        "Three brokers have a copy of each partition, and each leads one of them. A consumer reads all three partitions. From which brokers do the records come?",
        (
            Choice(
                "Those of each partition from its leader",
                "Followers fetch from the leader, and so do consumers. Each broker gave what it leads.",
            ),
            Choice(
                "From all three in turn: each has everything",
                "They have it, but that isn't what the copies are for. A consumer goes to the leader unless it is set up otherwise.",
            ),
            Choice(
                "From the followers: the leader is busy with writing",
                "Some databases share the work like that. In Kafka it is shared by giving each broker some partitions to lead.",
            ),
            Choice(
                "From the first broker that was asked",
                "It says who leads. The records come from the leaders (lesson 02).",
            ),
        ),
        right=0,
    ),
    Question(
        "11-kill",
        'Broker 1 leads the partition, and is killed while orders are sent with `acks="all"`. The producer is left as it is, and the program does nothing about it. What becomes of the orders?',
        (
            Choice(
                "Those that broker 1 had acknowledged are gone with it",
                "It acknowledged them only when both followers had them, too.",
            ),
            Choice(
                "Those before the kill are there; those after it fail, since the producer knows broker 1 only",
                "It knows three addresses, and asks for metadata again when a request fails.",
            ),
            Choice(
                "All are there, some of them twice",
                "So it may be without idempotence: a request that is sent again may have been stored before.",
            ),
            Choice(
                "All are there, once and in order; some have to wait",
                "Until there is a new leader, nobody answers. Then the producer goes on with that one.",
            ),
        ),
        right=3,
    ),
    Question(
        "11-back",
        "Broker 1 is started again. When it has caught up, who leads partition 0, whose preferred leader is broker 1?",
        (
            Choice(
                "Broker 1: it is the preferred leader, and in sync",
                "It may lead again, and that is why one expects it. But a leader is elected when there is none or when somebody asks, and Kafka itself asks only every few minutes.",
            ),
            Choice(
                "Broker 2, as before",
                "A broker that is back begins as a follower. It is in sync, and leads nothing.",
            ),
            Choice(
                "Broker 3: it has led one partition only, and broker 2 two",
                "That would be fair. But nobody counts who has how much to do: the leader is alive, so there is nothing to decide.",
            ),
        ),
        right=1,
    ),
    Question(
        "11-all",
        'Notes have two copies, on brokers 1 and 2, and `min.insync.replicas` is 1. Broker 2 is stopped. A note is sent with `acks="all"`. What happens?',
        (
            Choice(
                "It is refused: all means both copies",
                "All means all that are in sync, and broker 2 isn't any more. How many it has to be at least is another setting.",
            ),
            Choice(
                "The producer waits until broker 2 is back",
                "A copy that isn't in sync isn't waited for; otherwise one broken disk would stop all writing.",
            ),
            Choice(
                "It is acknowledged, and one broker has it",
                "One copy is in sync, that of the leader. That is all, and as many as the minimum of 1 asks for.",
            ),
            Choice(
                "It is acknowledged, when broker 3 has a copy in place of broker 2",
                "Kafka doesn't make up for a broker that is away: the partition's copies are on 1 and 2, and stay there.",
            ),
        ),
        right=2,
    ),
    Question(
        "11-majority",
        "Brokers 1 and 2 are down, and broker 3 has no majority of the controllers. It leads partition 2 of the orders; the list of those in sync still says 1 and 3. What can still be done?",
        (
            Choice(
                "Nothing: without a controller the brokers refuse everything",
                "The controller decides who leads. Records go from clients to leaders, past the controller.",
            ),
            Choice(
                'Partition 2 can be read, and written with `acks=1`; `acks="all"` gets no answer, and no topic can be made',
                "What is there goes on, and what would have to be changed can't be: not even that broker 1 isn't in sync any more.",
            ),
            Choice(
                'Partition 2 can be read, and written with `acks=1` and `acks="all"` alike; only no topic can be made',
                "Records don't need the controller, so one expects this. But *all* waits for broker 1, and only a controller could strike it off.",
            ),
            Choice(
                "Partition 2 can be read, but not written",
                "Writing doesn't need the controller, either, unless it needs something to be changed.",
            ),
        ),
        right=1,
    ),
    Question(
        "11-acks-1",
        "Five invoices were acknowledged by broker 1 with `acks=1`, while broker 2 was away. Of the invoices, broker 1 is in `Isr`, and broker 2 in `Elr`; of the notes, broker 2 is in neither. Now broker 2 starts; later broker 1 does, too. What becomes of the five invoices?",
        (
            Choice(
                "They are there when broker 1 is back: until then the partition has no leader",
                "That is what happens to the notes, where only broker 1 may lead.",
            ),
            Choice(
                "Broker 2 leads without them; broker 1 brings them back",
                "It is a follower then, and a follower takes what the leader has. What it has beyond that it cuts off.",
            ),
            Choice(
                "They are there all the time: they were acknowledged",
                "By one broker, with `acks=1`. Nobody else had them when it died.",
            ),
            Choice(
                "Broker 2 leads without them, and they are gone for good",
                "It has all that was committed, so it may lead. The five never were.",
            ),
        ),
        right=3,
    ),
)

RECALL: tuple[Question, ...] = (
    Question(
        "11-recall-all",
        'A topic has three copies and `min.insync.replicas=1`. Two brokers are away. How many brokers have a record that is acknowledged with `acks="all"`?',
        (
            Choice("Three, when the two are back", "It is acknowledged now, by those in sync now."),
            Choice("One", "All that are in sync at that moment: the leader alone."),
            Choice("None: it is refused", "So it would be with a minimum of 2."),
        ),
        right=1,
    ),
    Question(
        "11-recall-back",
        "A broker that was down is back, and its copies are in sync. What does it lead?",
        (
            Choice("What it led before", "Only after an election of the preferred leaders."),
            Choice("Nothing, for now", "It begins as a follower, and leads when it is elected."),
            Choice("All partitions whose leader is slower", "Kafka doesn't compare their speed."),
        ),
        right=1,
    ),
    Question(
        "11-recall-minimum",
        'A topic has three copies. Which `min.insync.replicas` lets writing go on when one broker is away, and never acknowledges (with `acks="all"`) what only one broker has?',
        (
            Choice("1", "Writing goes on, down to one copy."),
            Choice("2", "One broker may be away, and two copies have each record."),
            Choice("3", "With one broker away, everything is refused."),
        ),
        right=1,
    ),
)
