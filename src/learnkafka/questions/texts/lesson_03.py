"""Questions of lesson 03, Producing records."""

from learnkafka.questions.question import Choice, Question

PREDICTIONS: tuple[Question, ...] = (
    Question(
        "03-send-returned",
        "Three orders are handed to `send()`, which comes back three times. How many of them are in the topic?",
        (
            Choice(
                "Three",
                "`send()` sounds like it. What it does is put the record into a buffer; sending is another thread's work, and comes later.",
            ),
            Choice("None", "They were in the buffer, and this producer was told to wait for more before it sends."),
            Choice(
                "One: the first goes at once",
                "With `linger_ms=0` it may, and the others follow in the next batch. This producer waits with the first one, too.",
            ),
            Choice(
                "`send()` doesn't come back before they are",
                "So a call would do. `send()` doesn't wait for the broker.",
            ),
        ),
        right=1,
    ),
    Question(
        "03-flush",
        "Three notes are sent, and the second is too long for the topic. What does `flush()` do?",
        (
            Choice(
                "It raises the broker's error",
                "Many rely on that, and lose records. Which of the records would the error be about?",
            ),
            Choice(
                "It comes back as if nothing had happened",
                "All three have been answered, and that is what it waits for. The error is in the second note's future.",
            ),
            Choice(
                "It waits for ever, as the second can't be stored",
                "The broker has refused it, and that is an answer, too.",
            ),
            Choice(
                "It comes back, and none of the three is stored",
                "Each partition is written by itself, and the first and third note were in other partitions than the second.",
            ),
        ),
        right=1,
    ),
    Question(
        "03-acks-none",
        "The note is too long for the topic. With which `acks` does `get()` raise an error?",
        (
            Choice("With 0, 1 and all", "With 0 the producer asks for no answer, so there is none that could say no."),
            Choice(
                "With 1 and all",
                "The leader has looked at the record, and refused it. With 0 nobody waited for that.",
            ),
            Choice(
                "With all only",
                "It is the leader that checks the size, and its answer is what 1 waits for.",
            ),
            Choice(
                "With none of them: it is cut",
                "Kafka never changes a record: it takes it as it is, or not at all.",
            ),
        ),
        right=1,
    ),
    Question(
        "03-acks-all",
        'An order is sent with `acks="all"`, and `get()` comes back. Which brokers certainly have it?',
        (
            Choice(
                "All brokers of the cluster",
                "A partition is kept by a few of them: as many as its topic's replication factor says.",
            ),
            Choice(
                "All that keep a copy of its partition",
                "*All* sounds like it. But a follower that has died or fallen behind isn't waited for, or nothing could be written until it is back.",
            ),
            Choice(
                "Those whose copies were in sync at that moment",
                "It is these that the leader waits for. On our broker that is the leader itself, and nobody else.",
            ),
            Choice("More than half of the copies", "Some databases count so. Kafka waits for every copy in sync."),
        ),
        right=2,
    ),
    Question(
        "03-answer-lost",
        "The broker stores an order, and its first three answers are lost: once for a producer without idempotence, once for one with it. How often is the order in each topic in the end?",
        (
            Choice(
                "Once in both cases: what was stored isn't sent again",
                "The producer doesn't know that it was stored. All it sees is that no answer came.",
            ),
            Choice(
                "Four times in both cases: the broker stores what it gets",
                "So it was until Kafka 0.11, and so it still is where idempotence is off.",
            ),
            Choice(
                "Four times without idempotence, once with it",
                "Sent four times in both cases. With idempotence the broker can tell that it has the batch already.",
            ),
            Choice(
                "Not at all: `get()` raises an error",
                "Only when two minutes have passed, unless you say otherwise. And even then it may have been stored.",
            ),
        ),
        right=2,
    ),
    Question(
        "03-linger",
        "An order comes every 5 milliseconds, a hundred in all. How many requests does the producer make for them with `linger_ms=100`, compared with `linger_ms=0`?",
        (
            Choice("As many: each `send()` is a request", "A request takes a batch, and a batch takes what has come."),
            Choice(
                "A third, or fewer",
                "In 100 milliseconds some twenty orders come, and go in one request.",
            ),
            Choice(
                "About half as many: two orders share a request",
                "A batch takes all that has come in the 100 milliseconds, not just two.",
            ),
        ),
        right=1,
    ),
    Question(
        "03-compression",
        "In full batches gzip saves more than two thirds. How much does it save when each order is in a batch by itself?",
        (
            Choice(
                "As much: they are the same orders",
                "What gzip makes short is what repeats, and it repeats from order to order. Gzip can't see further than its batch.",
            ),
            Choice(
                "About half of that",
                "Too little repeats within one order for that. And what gzip adds to each batch uses up the little that it saves.",
            ),
            Choice(
                "Nothing, or nearly",
                "Within one short order next to nothing repeats. It is batches that are compressed, so they have to be full.",
            ),
        ),
        right=2,
    ),
    Question(
        "03-one-client",
        "Twenty orders, each waited for. How long does it take with a new producer for each, compared with one for all?",
        (
            Choice(
                "About as long",
                "So it would be if a producer were only an object. It is connections, and questions to the broker.",
            ),
            Choice(
                "More than three times as long",
                "Most of the time goes into becoming ready: connecting, and asking. One order later all of it is thrown away.",
            ),
            Choice(
                "Less: no order waits for another",
                "They do wait for each other in both cases, and in one of them for a new connection as well.",
            ),
        ),
        right=1,
    ),
)

RECALL: tuple[Question, ...] = (
    Question(
        "03-recall-send",
        "`send()` has come back, and then the program is killed. Where is the record?",
        (
            Choice("In the topic", "Perhaps, but nobody knows: the answer hadn't come."),
            Choice(
                "Perhaps nowhere: it may still have been in the producer's buffer",
                "That is why one waits for the future's answer before one says thank you.",
            ),
            Choice("On the producer's disk, until it starts again", "The buffer is in memory."),
        ),
        right=1,
    ),
    Question(
        "03-recall-acks",
        'For whose copies does `acks="all"` wait?',
        (
            Choice("For those that are in sync at that moment", "They may be fewer than the replication factor says."),
            Choice("For as many as the replication factor says", "A copy that has fallen behind isn't waited for."),
            Choice("For the leader's only", "That is `acks=1`."),
        ),
        right=0,
    ),
    Question(
        "03-recall-retry",
        "An idempotent producer gets no answer, and sends the batch again. How often is it stored?",
        (
            Choice("Twice", "So it would be without idempotence."),
            Choice(
                "Not at all: a repeat is refused, and raises",
                "A repeat is recognised, and answered as if it were the first.",
            ),
            Choice("Once", "The broker recognises the batch by the producer's number and its own."),
        ),
        right=2,
    ),
)
