"""Questions of lesson 06, Offsets and delivery."""

from learnkafka.questions.question import Choice, Question

PREDICTIONS: tuple[Question, ...] = (
    Question(
        "06-three-numbers",
        "A new group's consumer is given the first four of twelve orders, at offsets 0 to 3, and commits nothing. What are its position and its committed offset?",
        (
            Choice(
                "Position 4, committed 4",
                "So it would be if reading committed. The position goes on with each record; the commit is a step of its own.",
            ),
            Choice(
                "Position 3, committed none",
                "3 is the last one that was given out. A position names the next one.",
            ),
            Choice(
                "Position 4, committed none",
                "The next record is the one at offset 4, and only the consumer itself knows that so far.",
            ),
            Choice(
                "Position 0, committed none",
                "The position doesn't wait for a commit: otherwise the next `poll()` would give the same four again.",
            ),
        ),
        right=2,
    ),
    Question(
        "06-which-offset",
        "The last record that was handled is at offset 4. Which offset is to be committed, so that a restart neither repeats nor skips a record?",
        (
            Choice("4, the last one handled", "It sounds like a bookmark on the last page that was read."),
            Choice("5, the next one", "A restart begins with the record at the committed offset."),
            Choice(
                "Either: Kafka adds the one",
                "Kafka writes down the number as it is, and doesn't ask what was handled.",
            ),
        ),
        right=1,
    ),
    Question(
        "06-killed",
        "Both services had handled orders 1 to 8, in batches of six. Billing commits after each batch, notifications before it. Both are killed and started again. What becomes of the twelve orders?",
        (
            Choice(
                "Both go on with order 9: nothing is lost or repeated",
                "Kafka would have to know that orders 7 and 8 were handled. It knows what was committed, and that is all.",
            ),
            Choice(
                "Billing repeats two, notifications loses four",
                "Billing had committed one batch and begins with order 7 again. Notifications had committed both, and goes on after order 12.",
            ),
            Choice(
                "Billing loses two, notifications repeats four",
                "It is the other way round: who commits early has promised work that isn't done.",
            ),
            Choice(
                "Both begin again with order 1",
                "Each had committed something, and a group that has a commit goes on from there.",
            ),
        ),
        right=1,
    ),
    Question(
        "06-raises",
        "Packing commits after each batch of six. At the ninth order its handler raises, and nobody catches the error. What differs from a process that is killed there?",
        (
            Choice(
                "Nothing is repeated: the error tells Kafka which order failed",
                "Kafka hears nothing of errors in your code. It sees a consumer that leaves.",
            ),
            Choice(
                "The group needn't wait for it, and orders 7 and 8 are repeated all the same",
                "The consumer closes and leaves in order, but it hasn't committed the batch.",
            ),
            Choice(
                "The order that failed, and what comes after it, is lost",
                "So it would be if the batch had been committed before it was handled.",
            ),
        ),
        right=1,
    ),
    Question(
        "06-auto-commit",
        "Thirteen orders are in the topic. Shipping, with auto-commit, has printed eight and holds five for the next sheet. It goes on polling for longer than the commit interval, nothing more comes, and then it is killed. After a restart, which orders never get a label?",
        (
            Choice(
                "None: what wasn't handled isn't committed",
                "This is what *auto-commit* sounds like. But a commit knows of `poll()` only, not of printing.",
            ),
            Choice(
                "The five that were on the half-filled sheet",
                "They had been polled, and the next `poll()` committed them.",
            ),
            Choice("All thirteen", "Eight were printed before the kill, and that is done."),
            Choice(
                "None: it begins again with order 1",
                "So it would be if nothing had been committed yet. It had run for longer than the interval.",
            ),
        ),
        right=1,
    ),
    Question(
        "06-closing",
        "A consumer with auto-commit has been given eight orders, and the third one's handler raises. Who commits all eight?",
        (
            Choice(
                "Neither `with` nor `close()`: there was an error",
                "`close()` doesn't know of the error: it is called like on any other day.",
            ),
            Choice("Both: closing commits", "`with` is told how its block ended, and leaves the commit out."),
            Choice(
                "`close()` does, and `with` doesn't",
                "Six orders are committed that nobody has handled, and they are lost.",
            ),
            Choice(
                "`with` does, and `close()` doesn't",
                "`with` looks like the careful one, and it is: by not committing.",
            ),
        ),
        right=2,
    ),
    Question(
        "06-earliest",
        'A group has committed offset 8 of a log with 21 records. Its consumer starts with `auto_offset_reset="earliest"`. Where does it begin?',
        (
            Choice("At 0", "`earliest` sounds like an order. It is an answer to a question that isn't asked here."),
            Choice("At 8", "There is a commit, so nobody asks what to do without one."),
            Choice("At 21", "That would be `latest`, for a group without a commit."),
        ),
        right=1,
    ),
)

RECALL: tuple[Question, ...] = (
    Question(
        "06-recall-commit",
        "A consumer has handled the record at offset 17. What does it commit?",
        (
            Choice("17", "Then a restart handles that record again."),
            Choice("18", "A commit names the next one to read."),
            Choice("Nothing: Kafka knows", "Kafka knows what was committed, and nothing else."),
        ),
        right=1,
    ),
    Question(
        "06-recall-crash",
        "A service commits before it handles a batch, and is killed in the middle of it. What happens to the rest of the batch?",
        (
            Choice("It is handled twice", "That happens to those who commit afterwards."),
            Choice("Another member of the group gets it", "For the group it is done: it was committed."),
            Choice("It is never handled", "At most once: a crash loses, and repeats nothing."),
        ),
        right=2,
    ),
    Question(
        "06-recall-earliest",
        'When does `auto_offset_reset="earliest"` count?',
        (
            Choice("When the group has no valid committed offset", "A group that has one goes on from there."),
            Choice("At each start", "Then no group would ever go on where it stopped."),
            Choice("When records were lost", "Nobody in Kafka knows that your code has lost one."),
        ),
        right=0,
    ),
)
