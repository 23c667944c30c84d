"""Wrong beliefs about Kafka that more than one exercise recognises. Each names the lesson whose round shows what is so."""

from __future__ import annotations

from learnkafka.labs.source import mentions
from learnkafka.labs.verdict import Misconception

READS_FROM_THE_START = Misconception(
    belief="a new consumer begins with the oldest record",
    truth='Without a committed offset it begins at the end, since `auto_offset_reset` is `"latest"` unless you say `"earliest"`.',
    lesson="01, When it breaks",
)
KAFKA_KNOWS_WHAT_I_READ = Misconception(
    belief="Kafka knows by itself what I have read",
    truth="A place in the log is kept for a group, by its `group_id`, and only when its consumer commits it. Whoever reads without "
    "that, or under another name each time, starts anew.",
    lesson="01, The same through a topic",
)
EARLIEST_ALWAYS_REPLAYS = Misconception(
    belief='`auto_offset_reset="earliest"` always starts from the beginning',
    truth="It counts only for a group that has no committed offset. A group that has one goes on from there.",
    lesson="01, When it breaks",
)
SAME_GROUP_GIVES_COPIES = Misconception(
    belief="consumers with the same group id each get a copy",
    truth="A group reads every record once, whichever of its consumers does it; who wants a copy of everything needs a group of its own.",
    lesson="01, A service that is added later",
)
LOG_IS_A_QUEUE = Misconception(
    belief="a record goes to one reader, and is gone",
    truth="A topic is a log: reading moves the reader's own place, and takes nothing away from the others.",
    lesson="01, A service that is added later",
)
OFFSET_NAMES_A_RECORD = Misconception(
    belief="an offset alone says which record is meant",
    truth="Each partition counts its own offsets from 0: a record's address is topic + partition + offset.",
    lesson="02, A record's address",
)
OFFSET_COUNTS_RECORDS = Misconception(
    belief="an offset counts the records that are there",
    truth="A record keeps its offset when older ones are removed: the log then starts at a higher offset, and the end offset stays where it is.",
    lesson="02, A record's address",
)
TOPIC_IS_ONE_LOG = Misconception(
    belief="a topic is one log",
    truth="A topic is a set of partitions, and each of them is a log of its own, with a start and an end of its own.",
    lesson="02, A record's address",
)
PARTITION_IS_A_TOPIC = Misconception(
    belief="a partition is a topic of its own",
    truth="A partition is a part of a topic: a topic is made with a number of them, and they have no names but their numbers.",
    lesson="02, Making a topic",
)
TOPIC_IS_ORDERED = Misconception(
    belief="a topic is ordered",
    truth="Order holds within a partition: records that were in one partition stay in order only when they go to one partition again.",
    lesson="02, A record's address",
)
SEND_STORES = Misconception(
    belief="`send()` has returned, so the record is stored",
    truth="`send()` puts the record into a buffer. That it is stored, only the answer of the broker says, which comes later: to the future that `send()` gave back.",
    lesson="03, What send() does",
)
FLUSH_RAISES = Misconception(
    belief="`flush()` raises when a record couldn't be stored",
    truth="`flush()` waits until every record has been answered, and a refusal is an answer, too. It stands in that record's own future.",
    lesson="03, Waiting for the answer",
)
WAIT_FOR_EACH = Misconception(
    belief="to be sure of each record, one has to wait before the next is sent",
    truth="Each record has a future of its own, and they can all be looked at when everything is sent: what is known in the end is the same, in far fewer requests.",
    lesson="03, Waiting for the answer",
)
ALL_MEANS_ALL_REPLICAS = Misconception(
    belief="acks=all means all replicas",
    truth="It means all that are in sync at that moment. A follower that is down or has fallen behind isn't waited for; how many have to be in sync at least, `min.insync.replicas` says.",
    lesson="03, What an answer is worth",
)
NO_ERROR_MEANS_STORED = Misconception(
    belief="without an error, the leader has the record",
    truth="With `acks=0` the broker is asked for no answer, so there is no error either: not even when it has refused the record.",
    lesson="03, What an answer is worth",
)
COMPRESSES_EACH_RECORD = Misconception(
    belief="compression makes each record smaller",
    truth="It is a batch that is compressed, and what it saves is what repeats from record to record. A batch of one record has next to nothing to save.",
    lesson="03, Fewer bytes",
)
RETRIES_ARE_HARMLESS = Misconception(
    belief="a producer's retries store nothing twice",
    truth="Only an idempotent producer's don't, and idempotence goes off, with a word in the log only, when `acks` is 0 or 1 or `retries` is 0. Without it the broker stores what it gets.",
    lesson="03, When the answer is lost",
)
AN_ERROR_MEANS_NOT_STORED = Misconception(
    belief="when sending failed, the record isn't stored",
    truth="No answer isn't a no: the broker may have stored the record, and its answer was lost. A program that sends it again sends another record, since only the producer's own retries are recognised.",
    lesson="03, When the answer is lost",
)
A_PRODUCER_FOR_EACH_RECORD = Misconception(
    belief="a producer belongs to a record, as a connection belongs to a request",
    truth="A producer belongs to a service: it is connected and known to the broker from its first record on, and takes all others without more ado.",
    lesson="03, A producer in a service",
)
ORDER_NEEDS_NO_KEY = Misconception(
    belief="a topic is ordered",
    truth="Order holds within a partition, and only records with the same key go to one partition.",
    lesson="04, What stays in order",
)
KEY_IS_UNIQUE = Misconception(
    belief="a key identifies one record, as in a database",
    truth="Records that belong together share a key: it decides their partition, and with it what stays in order.",
    lesson="04, What stays in order",
)
NULL_IS_A_KEY = Misconception(
    belief="records without a key belong together",
    truth="They have no key, so nothing holds them together: each goes to any partition.",
    lesson="04, Records without a key",
)
KEY_HAS_ITS_PARTITION = Misconception(
    belief="a key has its partition for ever, in any client",
    truth="Each client works it out from its hash of the key and the number of partitions. Another hash or another number leads to another partition.",
    lesson="04, The same key, sent by another client, and More partitions",
)
EACH_CONSUMER_ITS_OWN_GROUP = Misconception(
    belief="each consumer needs a group id of its own",
    truth="A `group_id` names the service, not the consumer: consumers that are to share the work have the same one, and those with "
    "different ones each get every record.",
    lesson="05, A service of two processes",
)
MORE_MEMBERS_MORE_SPEED = Misconception(
    belief="more consumers, more speed",
    truth="A partition has one reader in a group: members beyond the number of partitions have nothing to read.",
    lesson="05, A seventh member",
)
ASSIGN_JOINS_A_GROUP = Misconception(
    belief="a `group_id` makes a consumer a member of the group",
    truth="A consumer joins a group by subscribing. One that assigns itself its partitions is in no group, whatever its `group_id`.",
    lesson="05, Without a group",
)
SHARES_ARE_EVEN = Misconception(
    belief="the members of a group always have equally many partitions",
    truth="That depends on the assignor. Range, the default, shares out each topic by itself, and each time the first members get what is left over.",
    lesson="05, Rules for sharing out",
)
ONLY_WHAT_MUST_MOVES = Misconception(
    belief="a rebalance moves only what has to be moved",
    truth="That depends on the assignor. Range and round robin share out everything anew, and don't look at who had what.",
    lesson="05, Rules for sharing out",
)
COMMIT_THE_LAST_ONE = Misconception(
    belief="one commits the offset of the last record handled",
    truth="A committed offset is the next one to read: the last one handled, plus one.",
    lesson="06, Which offset to commit",
)
COMMIT_KNOWS_WHAT_I_HANDLED = Misconception(
    belief="a commit covers what I have handled",
    truth="`commit()` without an offset commits the position, which is beyond everything that was polled, handled or not.",
    lesson="06, Which offset to commit",
)
AUTO_COMMIT_IS_SAFE = Misconception(
    belief="auto-commit is safe",
    truth="It commits what was polled, every few seconds and when the consumer closes; whether that was handled, it doesn't know.",
    lesson="06, Committing by itself",
)
COMMIT_ANYWHERE = Misconception(
    belief="it doesn't matter whether one commits before the work or after it",
    truth="Who commits before the work loses what wasn't done at a crash; who commits after it repeats what was.",
    lesson="06, A process that dies",
)
SIGTERM_CLOSES = Misconception(
    belief="a process that is asked to end closes its consumer by itself",
    truth="On SIGTERM Python ends at once, without a word to the group and without its `with` blocks, unless the program handles the signal.",
    lesson="07, Left or dead?",
)
STOP_AND_KILL_ARE_ONE = Misconception(
    belief="stop and kill are the same to the group",
    truth="A member that closes is gone at once. One that was killed keeps its partitions until the session timeout is over.",
    lesson="07, Left or dead?",
)
HEARTBEATS_MEAN_PROGRESS = Misconception(
    belief="a longer session timeout gives a handler more time",
    truth="The session timeout is about heartbeats, which go on while a handler works. The time for the work is bounded by `max_poll_interval_ms`.",
    lesson="07, A member that hangs",
)
INTERVAL_IS_FOR_ONE_RECORD = Misconception(
    belief="the poll interval is the time for one record",
    truth="It is the time from one `poll()` to the next: the whole batch has to be handled within it.",
    lesson="07, A member that hangs",
)
HANDLED_MOVES_ALONG = Misconception(
    belief="with a partition goes what was handled of it",
    truth="A new owner begins at the committed offset. What was handled behind that, nobody knows but the old owner.",
    lesson="07, Before they are taken away",
)
REBALANCE_TOUCHES_ONE = Misconception(
    belief="a rebalance touches only the member that joins",
    truth="In an eager rebalance, kafka-python's default, all members give back all that they have before anything is shared out.",
    lesson="07, One more member",
)
RESTART_IS_UNNOTICED = Misconception(
    belief="a quick restart goes unnoticed",
    truth="A member that closes leaves, and one that starts joins: two rebalances. Only one with a name of its own, `group_instance_id`, comes back as the same.",
    lesson="07, A member with a name",
)
AGE_COUNTS_FROM_ARRIVAL = Misconception(
    belief="a record's age counts from when it came",
    truth="Retention goes by the record's own timestamp: what is dated 1997 is too old for nearly every topic, however lately it came.",
    lesson="09, A topic that keeps a week",
)
RETENTION_WAITS_FOR_READERS = Misconception(
    belief="a record stays until everybody has read it",
    truth="Retention and reading don't know of each other. What is before the log start is gone, whoever hasn't read it, and counts as nobody's lag.",
    lesson="09, Nobody asks the readers",
)
RETENTION_IS_EXACT = Misconception(
    belief="`retention.ms` is exact for each record",
    truth="Whole segments go, when the broker next looks, and a segment goes only when its newest record is too old. So older ones stay with it.",
    lesson="09, Whole segments",
)
ONE_RECORD_FOR_EACH_KEY = Misconception(
    belief="compaction is at once, and leaves one record for each key",
    truth="It works in the background, and never in the active segment: a key may have several records, of which the last one counts, and offsets have gaps.",
    lesson="09, The newest of each key",
)
MARKER_STAYS = Misconception(
    belief="a deletion marker stays",
    truth="It goes by a compaction after `delete.retention.ms`, which is a day unless you say otherwise. A reader that was down for longer never sees it.",
    lesson="09, Deleting a key",
)
READING_MOVES_THE_GROUP = Misconception(
    belief="where a consumer has sought or read to, its group is as well",
    truth="A seek or a read moves the position of one consumer, in its memory. The group's place moves when it is committed under its `group_id`, or reset.",
    lesson="08, A consumer goes back",
)
NO_OFFSET_NO_RECORDS = Misconception(
    belief="where `offsets_for_times` gives `None`, there is nothing to do",
    truth="`None` says that no record in this partition is as late as that time: the place for it is the end of the log.",
    lesson="08, Between two dates",
)
LOG_IS_IN_ORDER_OF_TIME = Misconception(
    belief="the records of a log are in the order of their timestamps",
    truth="They are in the order in which they were sent. What was sent late lies behind records with later timestamps.",
    lesson="08, When it breaks",
)
SLEEPING_MEMBER_STAYS = Misconception(
    belief="a member may rest between two calls of `poll()` as long as it likes",
    truth="After `max_poll_interval_ms` without `poll()` it is out of its group, and can't commit. A consumer that has paused polls on.",
    lesson="08, Pause, resume, and not too fast",
)
MINIMUM_IS_ALL_COPIES = Misconception(
    belief="the larger `min.insync.replicas`, the better",
    truth="When it is as large as the number of copies, nothing can be written with `acks=all` as soon as one broker is away. One less keeps two promises: writing goes on, and no record is on one disk only.",
    lesson="11, All in sync, and how many that is",
)
REPLICA_IS_IN_SYNC = Misconception(
    belief="a replica is a copy that is up to date",
    truth="The replicas are the brokers that shall have a copy, also while they are away. Which copies are up to date, the in-sync list says, and that is what `min.insync.replicas` is compared with.",
    lesson="11, All in sync, and how many that is",
)
BACK_LEADS_AT_ONCE = Misconception(
    belief="a broker that is back leads again by itself, at once",
    truth="It comes back as a follower, and stays one until there is an election: one that somebody asks for, or Kafka's own, some minutes later.",
    lesson="11, The broker is back",
)
LEADER_IS_ENOUGH = Misconception(
    belief="what was acknowledged is safe",
    truth="With `acks=1` one broker has acknowledged it. When that one dies before a follower has fetched the record, another becomes leader without it. `min.insync.replicas` counts for `acks=all` only.",
    lesson="11, Acknowledged, with acks=1",
)
COPIES_ARE_MADE_UP_FOR = Misconception(
    belief="Kafka makes up for a broker that is away with a copy on another one",
    truth="A partition's copies stay with the brokers that were named for it, however long one of them is away, until somebody names others.",
    lesson="11, All in sync, and how many that is",
)
PREFERENCE_GOES_WITH_THE_LEADER = Misconception(
    belief="for another leader, the list of brokers has to be changed",
    truth="The list says who shall have a copy and who is preferred, and stays as it is whoever leads. Which of them leads is decided by an election: no list changes, and no copy moves.",
    lesson="11, The broker is back",
)
MOVED_WHEN_IT_RETURNS = Misconception(
    belief="when the call has returned, the copies are where they are to be",
    truth="Kafka has taken it on, no more: the new broker then fetches as a follower, and the old one leaves the list when the new one is in sync. Whoever has to know that asks.",
    lesson="11, All in sync, and how many that is",
)
A_BROKER_HAS_WHAT_IT_LEADS = Misconception(
    belief="a broker has the partitions that it leads",
    truth="It has a copy of every partition in whose list it stands, and most of them it follows. All those copies are missing when it is gone.",
    lesson="11, Three copies",
)

LOOK_THEN_WRITE = Misconception(
    belief="who has looked first may then act",
    truth="Between the look and the write another member may look as well. Of those who write if absent, in one command, exactly one is the first.",
    lesson="10, Look first, then write?",
)
NOTES_GO_BY_THEMSELVES = Misconception(
    belief="a note goes away by itself",
    truth="Redis keeps a key for ever, unless it was given a time to live.",
    lesson="10, A note for each order",
)
KEY_BY_OFFSET = Misconception(
    belief="what comes again has the same offset",
    truth="A replay brings the same offsets again. But an order that was sent twice is two records, at two offsets: only its own id says that they are one.",
    lesson="10, A note for each order",
)
NOTE_LAST = Misconception(
    belief="it is enough to note what has been done",
    truth="A crash after the effect and before the note repeats the effect; and as long as there is no note, another member begins it, too.",
    lesson="10, A crash in between",
)
NOTED_IS_DONE = Misconception(
    belief="what has a note has been done",
    truth="A crash between the note and the effect loses the effect, unless the note says that the work has only begun, and goes soon.",
    lesson="10, A crash in between",
)
NEW_KEY_FOR_EACH_TRY = Misconception(
    belief="an idempotency key names the request",
    truth="It names what is to happen once. Each try for the same order has to come with the same key, also from another process.",
    lesson="10, Passing the key on",
)
COMMIT_IS_IN_THE_TRANSACTION = Misconception(
    belief="the consumer's commit belongs to the transaction",
    truth="`consumer.commit()` is a commit of its own, which holds or is missing whatever becomes of the transaction. `send_offsets_to_transaction` puts the offsets into it.",
    lesson="10, Offsets and records in one",
)
ABORTED_CANT_BE_SEEN = Misconception(
    belief="aborted records can't be seen",
    truth="They stay in the log, and a consumer reads them unless its `isolation_level` is `read_committed`; the default is `read_uncommitted`.",
    lesson="10, Offsets and records in one",
)
EXACTLY_ONCE_REACHES_EVERYWHERE = Misconception(
    belief="exactly-once covers my e-mail or database",
    truth="It reaches from Kafka to Kafka, for those who read with `read_committed`. An effect outside happens with each try, unless whoever has it knows a repeat by its key.",
    lesson="10, Where it ends",
)


def from_the_end(attempt: object) -> Misconception | None:
    """What somebody believes whose function reads nothing, and doesn't say where to begin."""
    return None if mentions(attempt, "earliest") or mentions(attempt, "beginning") else READS_FROM_THE_START
