"""Questions of lesson 10, Idempotent replay."""

from learnkafka.questions.question import Choice, Question

PREDICTIONS: tuple[Question, ...] = (
    Question(
        "10-producer",
        "The website sends order 7 twice, is restarted, and sends it once more. Its producers are idempotent. How many records of order 7 are in the topic?",
        (
            Choice(
                "One",
                "So it would be if anybody looked into the records. The broker only recognises, by its number, a batch that the same producer sends again because an answer was lost.",
            ),
            Choice(
                "Two",
                "That would be one for each producer. But two calls of `send()` are two records, also to one and the same producer.",
            ),
            Choice("Three", "Each call of `send()` is a new record, whatever is in it."),
        ),
        right=2,
    ),
    Question(
        "10-which-key",
        "Order 7 is in the topic three times, orders 1 to 6 once each. All is read, and then read again. How many mails are sent with a key for each offset, and how many with a key for each order?",
        (
            Choice(
                "Seven and seven",
                "A replay brings the same offsets again, so both keys recognise it. But the three records of order 7 have three offsets.",
            ),
            Choice(
                "Nine and seven",
                "Both keys recognise the replay. That three records are one order, only the order's id tells.",
            ),
            Choice(
                "Eighteen and seven",
                "So it would be if a replay gave records new offsets. A record keeps its own.",
            ),
            Choice("Nine and nine", "So it would be if each record had another order in it."),
        ),
        right=1,
    ),
    Question(
        "10-race",
        "Two members have a record of order 8 each, at the same time, and meet as described. How many mails go out when they look first and then write, and how many when they write if absent?",
        (
            Choice(
                "One and one",
                "So it is most of the time, which is why it is believed. Here both are made to look before either writes.",
            ),
            Choice(
                "Two and one", "Both looked before either had written. Of two who write if absent, one is the first."
            ),
            Choice("Two and two", "To write if absent is one step in Redis: the second finds the note of the first."),
            Choice(
                "Two and none",
                "Both come at the same time, but Redis does one command after the other: so one of them is first.",
            ),
        ),
        right=1,
    ),
    Question(
        "10-crash",
        "The service writes the note (if absent), then sends the mail, then commits. It is killed between the note and the mail of order 9, restarted, killed between the mail of order 10 and its commit, and restarted again. How many mails go out for order 9, and how many for order 10?",
        (
            Choice(
                "One and one: the layer sees to that",
                "The layer sees the note. Whether the mail went out, it doesn't see.",
            ),
            Choice(
                "One and two",
                "So it is without the layer, or with the note last: the record comes again, and with it the mail.",
            ),
            Choice(
                "None and one",
                "Each record comes again, and finds its note: so nothing is sent, neither what is missing nor what would be too much.",
            ),
            Choice("None and two", "The note of order 10 was there before its mail, and keeps a second one back."),
        ),
        right=2,
    ),
    Question(
        "10-passed-on",
        "The note has two states, and its key goes to the mail house as `Idempotency-Key`. The service is killed after the mail for order 10, when the note still says `sending`, and is restarted. How many requests for order 10 come to the mail house, and how many mails go out?",
        (
            Choice(
                "One request, one mail",
                "The restarted service can't know that the first request got through. So it has to make another.",
            ),
            Choice(
                "Two requests, one mail", "The mail house finds the key in its book, and answers without another mail."
            ),
            Choice("Two requests, two mails", "So it was without the key."),
        ),
        right=1,
    ),
    Question(
        "10-aborted",
        "Three invoices are sent in a transaction that is aborted, then once more in one that is committed. How many does a consumer read that is made as in all lessons so far?",
        (
            Choice("Three", 'So it is with `isolation_level="read_committed"`, which has to be asked for.'),
            Choice(
                "Six",
                "What was aborted is in the log like everything else, and by default a consumer reads everything.",
            ),
            Choice(
                "None, until it is told of the transaction", "A transaction is no secret: its records are in the topic."
            ),
        ),
        right=1,
    ),
    Question(
        "10-mail-in-transaction",
        "In a transaction, billing sends three invoices to a topic, and asks the mail house for three mails. The transaction is aborted, done again, and committed. How many invoices does a reader with `read_committed` get, and how many mails go out?",
        (
            Choice(
                "Three invoices and three mails",
                "This is what *exactly once* sounds like. But the mail house has never heard of the transaction.",
            ),
            Choice("Three invoices and six mails", "The abort took back the records. The mails were gone by then."),
            Choice(
                "Six invoices and six mails",
                "The first three invoices were aborted, and `read_committed` leaves them out.",
            ),
            Choice(
                "Three invoices and no mail before the commit, three after it",
                "Nobody holds the requests back: each goes out when it is made.",
            ),
        ),
        right=1,
    ),
)

RECALL: tuple[Question, ...] = (
    Question(
        "10-recall-key",
        "By what does a service recognise an order that it has invoiced already, wherever the repeat comes from?",
        (
            Choice("By its offset", "A second record of the same order has another one."),
            Choice("By the order's own id", "A replay, a crash and a second record all bring the same id."),
            Choice("By the producer's number", "That is for one producer's retries, and consumers don't see it."),
        ),
        right=1,
    ),
    Question(
        "10-recall-crash",
        "A note is written if absent, and then the mail is sent. What does a crash between the two do?",
        (
            Choice("The mail is lost", "The note says that it was sent, so nobody will send it."),
            Choice("The mail is sent twice", "So it can be with the note after the mail."),
            Choice("Nothing: the note is taken back", "Nobody takes it back, until its life is over."),
        ),
        right=0,
    ),
    Question(
        "10-recall-exactly-once",
        "What does a transaction of Kafka cover?",
        (
            Choice("Everything between begin and commit", "Kafka can't take back what happened elsewhere."),
            Choice(
                "Records and offsets in Kafka, for those who read with `read_committed`",
                "And nothing that leaves Kafka.",
            ),
            Choice("Records, but no offsets", "`send_offsets_to_transaction` puts the group's offsets into it, too."),
        ),
        right=1,
    ),
)
