// What the cluster view draws and says: node --test, started by test_cluster.py, which says where cluster.js is.
import assert from "node:assert/strict";
import test from "node:test";

const cluster = await import(process.env.VIEW_JS);

const partition = (values = {}) => ({ topic: "orders", number: 0, leader: 1, epoch: 0, replicas: [1, 2, 3], in_sync: [1, 2, 3], ...values });
const broker = (id, state = "running") => ({ id, state });
const content = (values = {}) => ({
  brokers: [1, 2, 3].map((id) => broker(id)), topics: ["orders"], partitions: [partition()],
  under_replicated: 0, without_leader: 0, controller: 1, ...values,
});
const frame = (seq, values) => ({ seq, time: seq, state: "live", said: "", content: content(values) });
const copy = (value) => JSON.parse(JSON.stringify(value));

test("what a broker is to a partition", () => {
  const one = partition({ leader: 2, in_sync: [2, 3] });
  assert.deepEqual([1, 2, 3, 4].map((id) => cluster.kindOf(one, broker(id))), ["behind", "leader", "in-sync", "none"]);
  assert.equal(cluster.kindOf(one, broker(1, "away")), "away");
  assert.equal(cluster.kindOf(partition({ leader: null, in_sync: [] }), broker(1)), "behind");
  assert.equal(cluster.kindOf(one, broker(4, "away")), "none");
});

test("a leader in place of the preferred one", () => {
  assert.equal(cluster.preferredOf(partition({ replicas: [3, 1] })), 3);
  assert.deepEqual([1, 3, null].map((leader) => cluster.isStandIn(partition({ replicas: [3, 1], leader }))), [true, false, false]);
  assert.equal(cluster.preferredOf(partition({ replicas: [] })), null);
});

test("the head counts", () => {
  assert.equal(cluster.countsText(content()), "3 brokers · 1 partition");
  const bad = content({ brokers: [broker(1), broker(2, "away")], under_replicated: 2, without_leader: 1, partitions: Array(1200).fill(partition()) });
  assert.equal(cluster.countsText(bad), "2 brokers, 1 away · 1,200 partitions · 2 under-replicated · 1 without a leader");
  assert.equal(cluster.countsText({}), "0 brokers · 0 partitions");
});

test("what is said of a cell and a row", () => {
  const one = partition({ leader: 2, epoch: 4, in_sync: [2, 3] });
  const said = [1, 2, 3, 4].map((id) => cluster.cellText(one, broker(id)));
  assert.deepEqual(said, [
    "orders, partition 0 · broker 1 · has a copy that isn't in sync · preferred leader",
    "orders, partition 0 · broker 2 · leads, epoch 4 · not the preferred leader, which is broker 1",
    "orders, partition 0 · broker 3 · in sync",
    "orders, partition 0 · broker 4 · no copy",
  ]);
  assert.match(cluster.cellText(one, broker(1, "away")), /has a copy, and is away · preferred leader$/);
  assert.match(cluster.cellText(partition({ epoch: 2 }), broker(1)), /leads, epoch 2 · preferred leader$/);
  assert.equal(cluster.rowText(one), "orders, partition 0 · led by broker 2 · preferred: broker 1 · in sync 2 of 3");
  assert.equal(cluster.rowText(partition({ leader: null, in_sync: [] })), "orders, partition 0 · no leader · in sync 0 of 3");
});

test("what is read out of a change", () => {
  const before = content();
  const brokers = [broker(1, "away"), broker(2), broker(3)];
  const text = (was, now) => cluster.changesText(cluster.changesBetween(was, now));
  assert.equal(text(before, copy(before)), "");
  assert.equal(text({}, before), ""); // what is there at first is no change
  const after = content({ brokers, partitions: [partition({ leader: 2 })] });
  assert.equal(text(before, after), "broker 1 is away, orders 0 is led by broker 2");
  assert.equal(text(after, before), "broker 1 is back, orders 0 is led by broker 1");
  assert.equal(text(before, content({ partitions: [partition({ leader: null })] })), "orders 0 has no leader");
  assert.equal(text(content({ partitions: [partition({ leader: null })] }), before), "orders 0 is led by broker 1");
  const many = (leader) => content({ partitions: [...Array(9).keys()].map((number) => partition({ number, leader })) });
  assert.equal(text(many(1), many(2)), "9 partitions changed leaders");
  assert.equal(text(before, content({ partitions: [partition(), partition({ number: 1 })] })), ""); // nor is a new partition
  assert.equal(text(before, content({ brokers: brokers.map(({ id }) => broker(id, "away")) })), "brokers 1, 2 and 3 are away");
});

test("frames share what didn't change", () => {
  const first = frame(1, { partitions: [partition(), partition({ topic: "payments" })] });
  const second = cluster.share(first, copy(frame(2, { partitions: [partition(), partition({ topic: "payments", in_sync: [1] })] })));
  assert.equal(second.content.partitions[0], first.content.partitions[0]);
  assert.deepEqual(second.content.partitions[1].in_sync, [1]);
  assert.equal(second.seq, 2);
  assert.deepEqual(cluster.share(undefined, first).content, first.content);
  assert.deepEqual(cluster.share(first, { seq: 3, content: {} }).content.partitions, []);
});
