"""Questions of lesson 05, Consumer groups."""

from learnkafka.questions.question import Choice, Question

PREDICTIONS: tuple[Question, ...] = (
    Question(
        "05-two-members",
        "Billing runs twice, with the same `group_id`, on a topic with six partitions. 600 orders come. Who gets what?",
        (
            Choice(
                "Each of the two gets all 600",
                "So it would be if they had different group ids. Then each order would have two invoices.",
            ),
            Choice(
                "They take turns: one order each",
                "Then a customer's orders would be with both, and nobody could say in which order they are done.",
            ),
            Choice(
                "Each gets the orders of three partitions",
                "Not records are shared out, but partitions; and a partition's records all go to the member that has it.",
            ),
            Choice(
                "The first gets all, the second waits as its replacement",
                "That is so in other systems. Here the second gets its share at once, and waits only when there is nothing left to share.",
            ),
        ),
        right=2,
    ),
    Question(
        "05-same-group-id",
        "The mailer starts with billing's `group_id`. 600 more orders come. What becomes of them?",
        (
            Choice(
                "Each gets an invoice and an e-mail",
                "That is what was wanted. But Kafka can't know that these are two services: the `group_id` says that they are one.",
            ),
            Choice(
                "Each gets an invoice or an e-mail",
                "The mailer is a third member, and has got two of the six partitions.",
            ),
            Choice(
                "Each gets an invoice, and the mailer is refused",
                "Kafka doesn't look at what a member does with its records.",
            ),
            Choice(
                "Each gets an invoice, and the mailer waits",
                "It would if there were two partitions only. There are six, and so there is something for it.",
            ),
        ),
        right=1,
    ),
    Question(
        "05-seventh",
        "Six members have a partition each. What will the seventh do?",
        (
            Choice(
                "Take a seventh of the records",
                "Then a partition would have two readers, and the order within it would be gone.",
            ),
            Choice("Wait, with nothing to read", "There is no partition left. It takes over when another one goes."),
            Choice("Be refused", "Kafka doesn't mind. The member is in the group, and costs a little."),
            Choice(
                "Take a whole partition from another",
                "Then that one would have none. Then that one would have none, and nothing would be gained. Kafka leaves it where it is.",
            ),
        ),
        right=1,
    ),
    Question(
        "05-who-decides",
        "Two members run the file above, so each has an assignor. Whose assignor works out who gets what?",
        (
            Choice(
                "Neither's: the coordinator works it out, in the broker",
                "That is how a newer group protocol does it. kafka-python speaks the older one, in which the coordinator only passes on what a member has worked out.",
            ),
            Choice("That of one member", "The coordinator asks one, and passes on what it answers."),
            Choice(
                "Each member's, for itself",
                "That would do if all of them knew the same at every moment. One answer for all is safer.",
            ),
        ),
        right=1,
    ),
    Question(
        "05-third-member",
        "With *round robin* two members have three partitions each. A third joins, and then each has two. How many partitions change hands?",
        (
            Choice("None: the third waits", "There are six partitions, so there is something for it."),
            Choice(
                "Two: what the third needs",
                "Two have to move. But the rule deals anew and doesn't look at who had what, so more do.",
            ),
            Choice(
                "Four",
                "Dealt out to two, then anew to three: only the first two cards go to the same member as before.",
            ),
            Choice("All six", "The first two cards fall as before: one to the first member, one to the second."),
        ),
        right=2,
    ),
    Question(
        "05-assign",
        "Support assigns itself partition 0, which one of billing's two members has. What changes for billing?",
        (
            Choice(
                "The member loses partition 0 while support has it",
                "So it would be between members of one group. Support is in none.",
            ),
            Choice(
                "The partitions are shared out anew, among three",
                "Only a consumer that subscribes with a `group_id` joins a group.",
            ),
            Choice("Nothing", "Reading takes nothing away, and whoever assigns takes part in no sharing."),
            Choice(
                "Nothing: support is refused, since the partition has a reader",
                "It has one reader *in billing's group*. Outside of it anybody may read.",
            ),
        ),
        right=2,
    ),
)

RECALL: tuple[Question, ...] = (
    Question(
        "05-recall-copies",
        "Shipping and billing both want every order. Which `group_id`s do they need?",
        (
            Choice("The same one", "Then they share: each order goes to one of them."),
            Choice("A different one each", "Each group gets all, and its members share them."),
            Choice("None", "Each would get every record, but Kafka wouldn't know how far they are."),
        ),
        right=1,
    ),
    Question(
        "05-recall-members",
        "A topic has four partitions, and its group six members. How many of them have something to read?",
        (
            Choice("Six", "Then two partitions would have two readers, and order would be gone."),
            Choice("Four", "The two others are spares."),
            Choice("None, until two are stopped", "Members that have nothing to do are no fault."),
        ),
        right=1,
    ),
    Question(
        "05-recall-assign",
        "A tool is to look into one partition of a topic that billing is reading. How does it disturb nobody?",
        (
            Choice("It assigns itself the partition", "It joins no group, and nothing is shared out anew."),
            Choice("It subscribes with billing's `group_id`", "Then it takes partitions from billing."),
            Choice("It waits until billing has stopped", "It needn't: reading takes nothing away."),
        ),
        right=0,
    ),
)
