// The group view's geometry and words: node --test, started by test_group.py, which says where the script is.
import assert from "node:assert/strict";
import test from "node:test";

const group = await import(process.env.VIEW_JS);

const places = new Map([0, 1, 2, 3].map((which) => [`orders/${which}`, which]));
const on = (...numbers) => numbers.map((which) => ["orders", which]);
const partition = (values = {}) => ({
  topic: "orders", number: 2, member: "billing-1", log_start: 0, committed: 3, position: 5, high_watermark: 9, lag: 6, lost: 0, ...values,
});
const member = (values = {}) => ({
  name: "billing-1", kind: "process", state: "running", in_group: true, generation: 1, partitions: on(0), delivered: 1, again: 0, ...values,
});

test("columns get narrower as they become many, and fit, or give way to words", () => {
  assert.equal(group.columnWidth(6, 600), 44);
  assert.equal(group.columnWidth(24, 480), 20);
  assert.equal(group.columnWidth(24, 200), null);
  assert.equal(group.columnWidth(1000, 5000), null);
  assert.equal(group.columnWidth(0, 600), null);
  for (const width of [150, 400, 900])
    for (let count = 1; count < 60; count += 1) {
      const each = group.columnWidth(count, width);
      assert.ok(each === null || (each * count <= width && each >= 12));
    }
});

test("numbers are told as people write them", () => {
  assert.equal(group.ranges([3, 0, 1, 7, 2]), "0–3, 7");
  assert.equal(group.ranges([]), "");
  assert.equal(group.partitionsText(on(1), ["orders"]), "partition 1");
  assert.equal(group.partitionsText([...on(0, 1), ["payments", 3]], ["orders", "payments"]), "partitions orders 0–1; payments 3");
});

test("a time line: what was had, the gap, what came after", () => {
  const lane = group.laneOf(
    [[0, 10, "assigned", on(0, 1, 2, 3), 1], [10, 11, "waiting", [], 1], [11, null, "assigned", on(0, 1), 2]], 0, 20, 200, places);
  assert.deepEqual(lane.gaps, [{ x: 100, w: 10 }]);
  assert.equal(lane.stripes.length, 6);
  assert.deepEqual(lane.stripes.slice(-2), [{ x: 110, w: 90, place: 0 }, { x: 110, w: 90, place: 1 }]);
  assert.equal(lane.end, null);
});

test("what is kept through a rebalance has no gap", () => {
  const kept = group.laneOf([[0, 5, "assigned", on(0, 1), 1], [5, null, "assigned", on(0), 2]], 0, 10, 100, places);
  assert.deepEqual(kept.gaps, []);
  const first = kept.stripes.filter((one) => one.place === 0);
  assert.equal(first[0].x + first[0].w, first[1].x);
});

test("the shortest gap is seen, and hides nothing that comes after for long", () => {
  const { gaps, stripes } = group.laneOf(
    [[0, 10, "assigned", on(0), 1], [10, 10.001, "waiting", [], 1], [10.001, 10.02, "assigned", on(0), 2], [10.02, 10.03, "waiting", [], 2], [10.03, null, "assigned", on(1), 3]],
    0, 30, 300, places);
  assert.ok(gaps.every(({ w }) => w >= 3));
  assert.ok(gaps[1].x >= gaps[0].x + gaps[0].w);
  assert.ok(stripes.every(({ x, w }) => w >= 0 && x + w <= 300));
  const last = stripes.at(-1);
  assert.equal(last.x + last.w, 300);
});

test("what was before the time line, and what ended", () => {
  const lane = group.laneOf([[0, 4, "assigned", on(0), 1], [4, 12, "assigned", on(1), 1], [12, null, "killed", [], 1]], 10, 20, 100, places);
  assert.deepEqual(lane.stripes, [{ x: 0, w: 20, place: 1 }]);
  assert.deepEqual(lane.end, { x: 20, what: "killed" });
});

test("many partitions are a bar", () => {
  const many = new Map([...Array(100).keys()].map((which) => [`orders/${which}`, which]));
  const { bars, stripes } = group.laneOf([[0, null, "assigned", on(...Array(50).keys()), 1]], 0, 10, 100, many);
  assert.equal(stripes.length, 0);
  assert.deepEqual(bars, [{ x: 0, w: 100, part: 0.5, count: 50 }]);
});

test("a rebalance in words", () => {
  assert.equal(
    group.rebalanceText({ generation: 3, began: 10, ended: 10.204, revoked: 6, moved: 2, without: 0.2 }),
    "generation 3 · took 0.20 s · 6 partitions given back · 2 moved · at most 0.20 s without a member");
  assert.equal(
    group.rebalanceText({ generation: 1, began: 10, ended: 13, revoked: 0, moved: 0, without: 0 }),
    "generation 1 · took 3.0 s · 0 partitions given back · 0 moved");
});

test("a lost stretch is an alarm, lag isn't", () => {
  assert.equal(group.alarmOf(partition()), null);
  assert.equal(
    group.alarmOf(partition({ log_start: 15, lost: 12 })),
    "orders, partition 2: the committed offset 3 is below the log start 15. 12 records are gone that the group has never read.");
  assert.equal(group.partitionText(partition({ member: null, position: null }), false), "partition 2 · nobody has it · log start 0 · committed 3 · high watermark 9 · lag 6");
});

test("only processes that run take orders", () => {
  const orders = (values) => group.ordersOf(member(values)).map(([order]) => order);
  assert.deepEqual(orders({}), ["slow", "pause", "stop", "kill"]);
  assert.deepEqual(orders({ state: "slow" }), ["speed", "pause", "stop", "kill"]);
  assert.deepEqual(orders({ state: "paused" }), ["slow", "resume", "stop", "kill"]);
  assert.deepEqual(orders({ state: "killed" }), []);
  assert.deepEqual(orders({ kind: "notebook" }), []);
});

test("how a member is, in words", () => {
  assert.equal(group.stateText(member()), "running");
  assert.equal(group.stateText(member({ state: "killed" })), "killed; the group doesn't know yet");
  assert.equal(group.stateText(member({ state: "killed", in_group: false })), "killed");
  assert.equal(group.stateText(member({ in_group: false })), "running; not in the group");
  assert.equal(group.stateText(member({ kind: "notebook", in_group: null })), "in this notebook, running");
  assert.equal(
    group.spoken({ generation: 2, members: [member(), member({ name: "billing-2", partitions: on(1, 2) }), member({ name: "x", state: "killed" })] }, ["orders"]),
    "Generation 2: billing-1 has partition 0; billing-2 has partitions 1–2.");
});
