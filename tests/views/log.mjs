// The log view's geometry and its tape: node --test, started by test_log.py, which says where log.js is.
import assert from "node:assert/strict";
import test from "node:test";

const log = await import(process.env.VIEW_JS);

const partition = (values = {}) => ({
  number: 0, leader: 1, log_start: 0, committed: null, position: null, high_watermark: 10, end: 10, lag: null, size: 0,
  segments: null, read_from: 0, read_to: 10, records: [...Array(10).keys()].map((offset) => [offset, 1000, "k", 7, "v"]),
  ...values,
});
const ended = (end, logStart = 0) =>
  partition({ log_start: logStart, high_watermark: end, end, read_from: Math.max(logStart, end - 60), read_to: end });
const frame = (seq, partitions, values = {}) => ({ seq, time: seq, state: "live", said: "", content: { topic: "t", partitions }, ...values });

test("cells get narrower as they become many, and fit", () => {
  assert.equal(log.densityFor([ended(5)], 600), 0);
  assert.equal(log.densityFor([ended(18)], 600), 1);
  assert.equal(log.densityFor([ended(28)], 600), 2);
  assert.equal(log.densityFor([ended(100)], 600), 3);
  assert.equal(log.densityFor([ended(5)], 600, 2), 2); // they don't grow again
  assert.equal(log.densityFor([ended(1_000_003, 1_000_000)], 600), 0); // three records, far along
  for (const width of [120, 345, 600, 2000])
    for (let density = 0; density < log.DENSITIES.length; density += 1) {
      const slots = log.slotsIn(width, density);
      assert.ok(slots <= log.SLOTS && (slots === 4 || slots * log.DENSITIES[density].width <= width));
    }
});

test("gaps aren't records", () => {
  assert.equal(log.heldIn(partition()), 10);
  assert.equal(log.heldIn(partition({ records: null, log_start: 4 })), 6);
  const compacted = partition({ records: [[3, 1000, "k", 7, "v"], [9, 1000, "k", 7, "v"]] });
  assert.equal(log.heldIn(compacted), 2);
});

test("the window is full of the newest, and moves in steps", () => {
  let before = 0;
  let moves = 0;
  for (let end = 0; end < 500; end += 1) {
    const { first, end: to } = log.windowOf(ended(end), 60);
    assert.equal(to, end);
    assert.ok(to - first <= 60 && first >= before);
    assert.ok(end < 60 ? first === 0 : to - first >= 45);
    moves += first !== before;
    before = first;
  }
  assert.ok(moves < 500 / 14);
});

test("a million records are legible", () => {
  const million = ended(1_000_000);
  const { first, end } = log.windowOf(million, 60);
  assert.ok(end - first <= 60 && first >= 999_940);
  const { at } = log.scaleOf(million);
  assert.deepEqual([at(0), at(500_000), at(1_000_000)], [0, 50, 100]);
});

test("what retention takes moves nothing", () => {
  for (const logStart of [0, 3, 9, 10]) assert.deepEqual(log.windowOf(ended(10, logStart), 60).first, 0);
  const kinds = [0, 1, 2].map((offset) => log.kindOf(ended(10, 2), offset, undefined));
  assert.deepEqual(kinds, ["gone", "gone", "gap"]);
});

test("records that weren't read have no cell", () => {
  assert.equal(log.windowOf(partition({ read_from: 7 }), 60).first, 7);
  assert.equal(log.windowOf(partition({ read_from: null, records: null }), 60).first, 0);
});

test("kinds of cells", () => {
  const one = partition({ log_start: 1, committed: 3, position: 5, high_watermark: 8, end: 10 });
  const kinds = [0, 2, 4, 5, 7, 8].map((offset) => log.kindOf(one, offset, one.records[offset]));
  assert.deepEqual(kinds, ["gone", "read", "read", "unread", "unread", "pending"]);
  assert.deepEqual([2, 3, 4, 5].map((offset) => log.isAgain(one, offset)), [false, true, true, false]);
  assert.equal(log.kindOf(partition({ committed: 3 }), 3, [3]), "unread"); // with no position, the commit counts
  assert.equal(log.kindOf(partition(), 3, [3]), "read");
  assert.equal(log.kindOf(partition({ records: null }), 3), "hidden");
});

test("marks stand at their offsets, and not on one another", () => {
  const marks = (values) => Object.fromEntries(log.marksOf(partition(values), { first: 0, end: 10 }, 8).map((mark) => [mark.name, mark]));
  const apart = marks({ committed: 2, position: 6 });
  assert.deepEqual([apart.start.x, apart.committed.x, apart.position.x, apart.end.x], [0, 16, 48, 80]);
  assert.equal(apart.committed.shift, undefined);
  const together = marks({ committed: 5, position: 5 });
  assert.equal(together.position.shift - together.committed.shift, 12);
  assert.equal(marks({ committed: null }).committed, undefined);
  assert.equal(marks({ high_watermark: 8 }).watermark.x, 64);
  const [early] = log.marksOf(partition({ log_start: 0, committed: 1 }), { first: 4, end: 10 }, 8);
  assert.deepEqual([early.name, early.x, early.before], ["committed", 0, true]);
});

test("the bar holds segments, and only a little of what was removed", () => {
  assert.deepEqual(log.segmentsOf(partition({ segments: [0, 4, 8] })).map(({ from, to }) => [from, to]), [[0, 4], [4, 8], [8, 10]]);
  assert.deepEqual(log.segmentsOf(partition({ segments: [0, 4], log_start: 2 }))[0], { base: 0, from: 2, to: 4 });
  assert.equal(log.segmentsOf(partition()).length, 1);
  assert.equal(log.segmentsOf(ended(0)).length, 0);
  const scale = log.scaleOf(ended(1_000_400, 1_000_000));
  assert.equal(scale.from, 999_900);
  assert.equal(log.scaleOf(ended(0)).at(0), 0);
});

test("what is said of a cell and a row", () => {
  const one = partition({ committed: 1, position: 3, log_start: 0, lag: 9, segments: [0] });
  assert.match(log.cellText(one, 2, [2, 0, "<b>", 1, null]), /^partition 0 · offset 2 · key <b> · null \(a tombstone\) · .* · would be delivered again$/);
  assert.match(log.cellText(one, 3, [3, -1, null, null, "v"]), /offset 3 · no key · value v · not read yet$/);
  assert.match(log.cellText(one, 4, undefined), /no record/);
  assert.equal(log.rowText(one), "partition 0 · log start 0 · committed 1 · position 3 · high watermark 10 · end 10 · lag 9 · leader 1 · 1 segment");
  assert.match(log.rowText(partition({ committed: 1, log_start: 4, leader: null })), /no leader · committed is before the log start/);
});

test("frames share what didn't change", () => {
  const first = frame(1, [partition(), partition({ number: 1 })]);
  const second = log.share(first, JSON.parse(JSON.stringify(frame(2, [partition(), partition({ number: 1, committed: 4 })]))));
  assert.equal(second.content.partitions[0], first.content.partitions[0]);
  assert.notEqual(second.content.partitions[1], first.content.partitions[1]);
  assert.equal(second.content.partitions[1].records, first.content.partitions[1].records);
  assert.equal(second.content.partitions[1].committed, 4);
  const records = [...partition().records.slice(0, 9).map((record) => [...record]), [9, 1000, "k", 7, "other"]];
  const third = log.share(first, frame(3, [partition({ records })]));
  assert.equal(third.content.partitions[0].records[0], first.content.partitions[0].records[0]);
  assert.equal(third.content.partitions[0].records[9][4], "other");
  assert.deepEqual(log.share(first, frame(4, [])).content.partitions, []);
});

test("the tape: live, paused, stepped, and bounded", () => {
  const tape = new log.Tape(log.share);
  assert.equal(tape.shown, undefined);
  for (let seq = 1; seq <= 3; seq += 1) tape.add(frame(seq, [partition({ committed: seq })]));
  tape.add(frame(3, [partition({ committed: 3 })])); // as a second view of a model does
  assert.deepEqual([tape.shown.seq, tape.frames.length, tape.atEnd], [3, 3, true]);
  tape.step(-1);
  tape.add(frame(4, [partition()]));
  assert.deepEqual([tape.shown.seq, tape.live, tape.place], [2, false, 2]);
  tape.step(-9);
  assert.equal(tape.shown.seq, 1);
  tape.step(99);
  assert.deepEqual([tape.shown.seq, tape.atEnd], [4, true]);
  tape.rewind();
  for (let seq = 5; seq <= 1000; seq += 1) tape.add(frame(seq, [partition()]));
  assert.deepEqual([tape.frames.length, tape.shown.seq], [600, 401]);
  tape.resume();
  assert.equal(tape.shown.seq, 1000);
  const wide = new log.Tape(log.share);
  const many = [...Array(100).keys()].map((number) => partition({ number }));
  for (let seq = 1; seq <= 200; seq += 1) wide.add(frame(seq, many));
  assert.equal(wide.frames.length, 120);
});
