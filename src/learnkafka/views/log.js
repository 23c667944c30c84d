/**
 * A topic's log: partitions as rows of cells, one for each of the newest offsets.
 *
 * A cell is the same node for as long as its offset is shown. Stands behind board.js.
 */

// Geometry: pure functions, which node --test tests.

/** Widths of a cell in pixels, from those that hold an offset and a key to those that hold neither. */
export const DENSITIES = [
  { name: "wide", width: 56 },
  { name: "medium", width: 28 },
  { name: "small", width: 20 },
  { name: "dense", width: 8 },
];
export const SLOTS = 60; // as many as Python sends at most
const COLOURS = 10;

/** How far the window moves at once when it is full, so that cells stay where they are in between. */
const stepOf = (slots) => Math.max(1, Math.floor(slots / 4));

const endOf = (partition) => Math.max(partition.end ?? 0, partition.high_watermark ?? 0);

/** How many records a partition has, as the view's headline counts them: without the gaps that it knows of. */
export function heldIn(partition) {
  const { log_start: logStart, read_from: readFrom, read_to: readTo, records } = partition;
  const gaps = records && readFrom !== null && readTo !== null ? readTo - readFrom - records.length : 0;
  return endOf(partition) - logStart - gaps;
}

/** How many cells of a density fit; never more than there can be records. */
export const slotsIn = (width, density) => Math.max(4, Math.min(SLOTS, Math.floor(width / DENSITIES[density].width)));

/** The widest density in which every record that is held has a cell; not below `least`, so that cells don't grow again. */
export function densityFor(partitions, width, least = 0) {
  for (let density = least; density < DENSITIES.length - 1; density += 1) {
    const slots = slotsIn(width, density);
    const fits = (one) => endOf(one) <= slots || endOf(one) - (one.log_start ?? 0) <= slots - stepOf(slots);
    if (partitions.every(fits)) return density;
  }
  return DENSITIES.length - 1;
}

/** The offsets that have a cell: from `first` up to `end`, which has none. `first` moves in steps. */
export function windowOf(partition, slots) {
  const end = endOf(partition);
  const step = stepOf(slots);
  let first = Math.max(0, Math.ceil((end - slots) / step) * step);
  const { read_from: readFrom, log_start: logStart } = partition;
  if (readFrom !== null && logStart !== null && readFrom > logStart) first = Math.max(first, readFrom);
  return { first: Math.min(first, end), end };
}

/** How far readers have come: the position, or else what was committed; null when nobody reads. */
export const reached = ({ position, committed }) => position ?? committed;

/** What is at an offset: a record, its reading state, or why there is none. */
export function kindOf(partition, offset, record) {
  const { log_start: logStart, high_watermark: highWatermark, records } = partition;
  if (logStart !== null && offset < logStart) return "gone";
  if (highWatermark !== null && offset >= highWatermark) return "pending";
  if (records === null) return "hidden";
  if (!record) return "gap";
  const at = reached(partition);
  return at !== null && offset >= at ? "unread" : "read";
}

/** Whether the group's members would be given this offset a second time, if they had to start from what is committed. */
export const isAgain = ({ committed, position }, offset) =>
  committed !== null && position !== null && offset >= committed && offset < position;

/** Where marks stand, in pixels from the first cell; one before the window stands at its beginning, with its number. */
export function marksOf(partition, { first, end }, width) {
  const place = (offset) => Math.min(Math.max(offset, first), end) - first;
  const marks = [];
  const add = (name, offset) => {
    if (offset !== null) marks.push({ name, offset, x: place(offset) * width, before: offset < first });
  };
  if (partition.log_start !== null && partition.log_start >= first) add("start", partition.log_start);
  add("committed", partition.committed);
  add("position", partition.position);
  if (partition.high_watermark !== null && partition.high_watermark < end) add("watermark", partition.high_watermark);
  add("end", end);
  const [committed, position] = ["committed", "position"].map((name) => marks.find((mark) => mark.name === name));
  if (committed && position && Math.abs(committed.x - position.x) < 12) {
    // Beside each other, each still touching its place.
    committed.shift = committed.offset <= position.offset ? -6 : 6;
    position.shift = -committed.shift;
    if (committed.x === 0 || position.x === 0) {
      committed.shift += 6;
      position.shift += 6;
    }
  }
  return marks;
}

/** The stretch of offsets that the bar below a row stands for: with a little of what was removed, not all of it. */
export function scaleOf(partition) {
  const end = endOf(partition);
  const start = partition.log_start ?? 0;
  const held = end - start;
  const from = start > 4 * held ? start - Math.ceil(held / 4) : 0;
  return { from, end, at: (offset) => (end > from ? (100 * (Math.min(Math.max(offset, from), end) - from)) / (end - from) : 0) };
}

/** Segments as stretches of the bar; where they can't be seen, the log is one. */
export function segmentsOf(partition) {
  const end = endOf(partition);
  const start = partition.log_start ?? 0;
  const bases = partition.segments ?? (end > start ? [start] : []);
  return bases.map((base, place) => ({ base, from: Math.max(base, start), to: bases[place + 1] ?? end }));
}

/** The frame with everything that is as before taken from the one before, so that kept frames share it. */
export function share(before, frame) {
  const old = new Map((before?.content.partitions ?? []).map((one) => [one.number, one]));
  const partitions = (frame.content.partitions ?? []).map((one) => {
    const was = old.get(one.number);
    if (!was) return one;
    const records = sameRecords(was.records, one.records) ? was.records : shareRecords(was.records, one.records);
    const made = { ...one, records };
    const same = Object.keys(made).every((key) => made[key] === was[key] || String(made[key]) === String(was[key]));
    return same && records === was.records ? was : made;
  });
  return { ...frame, content: { ...frame.content, partitions } };
}

const sameRecord = (one, other) => one[0] === other[0] && one[1] === other[1] && one[3] === other[3] && one[4] === other[4];

function sameRecords(before, now) {
  if (!before || !now) return before === now;
  return before.length === now.length && before.every((record, place) => sameRecord(record, now[place]));
}

function shareRecords(before, now) {
  if (!before || !now) return now;
  const known = new Map(before.map((record) => [record[0], record]));
  return now.map((record) => {
    const was = known.get(record[0]);
    return was && sameRecord(was, record) ? was : record;
  });
}

// Words.

const KINDS = {
  gone: "removed",
  gap: "no record: compaction took it, or it ends a transaction",
  pending: "not on all in-sync replicas yet",
  hidden: "not visible here",
};

/** All that is known of a cell, as one line. */
export function cellText(partition, offset, record) {
  const kind = kindOf(partition, offset, record);
  const said = [`partition ${partition.number}`, `offset ${number(offset)}`];
  if (!record || KINDS[kind]) return [...said, KINDS[kind]].join(" · ");
  const [, timestamp, key, , value] = record;
  said.push(key === null ? "no key" : `key ${key}`, value === null ? "null (a tombstone)" : `value ${value}`);
  if (timestamp >= 0) said.push(TIME.format(timestamp));
  if (isAgain(partition, offset)) said.push("would be delivered again");
  if (kind === "unread") said.push("not read yet");
  return said.join(" · ");
}

/** All that is known of a partition, as one line. */
export function rowText(partition) {
  const said = [`partition ${partition.number}`];
  const add = (name, value) => value !== null && said.push(`${name} ${number(value)}`);
  add("log start", partition.log_start);
  add("committed", partition.committed);
  add("position", partition.position);
  add("high watermark", partition.high_watermark);
  add("end", partition.end);
  add("lag", partition.lag);
  said.push(partition.leader === null ? "no leader" : `leader ${partition.leader}`);
  if (partition.segments) said.push(plural(partition.segments.length, "segment"));
  if (partition.committed !== null && partition.committed < partition.log_start) said.push("committed is before the log start: what lay between is lost to the group");
  return said.join(" · ");
}

const HINT = "Point at a record or a partition, or move with Tab and the arrow keys.";

// Drawing.

/** Colours in the order in which keys appear: the first ten differ. */
class Colours {
  #known = new Map();

  of(record) {
    if (record[3] === null) return "none";
    if (!this.#known.has(record[3])) {
      if (this.#known.size >= COLOURS) return record[3] % COLOURS;
      this.#known.set(record[3], this.#known.size);
    }
    return this.#known.get(record[3]);
  }
}

const GLYPHS = { committed: "▲", position: "●" };

class Row {
  node = element("div", "lk-row");
  #cells = new Map();
  #marks = new Map();
  #segments = new Map();
  #label = element("span", "lk-number");
  #earlier = element("span", "lk-earlier");
  #strip = element("div", "lk-strip");
  #bar = element("div", "lk-bar");
  #shown = element("span", "lk-window");
  #again = element("span", "lk-again");
  #columns = Object.fromEntries(["lag", "leader", "held"].map((name) => [name, element("span", `lk-figure lk-${name}`)]));

  constructor(colours) {
    this.colours = colours;
    this.node.setAttribute("role", "group");
    this.#bar.setAttribute("aria-hidden", "true");
    this.#bar.append(this.#shown);
    this.#again.setAttribute("aria-hidden", "true");
    this.#strip.append(this.#again);
    const log = element("div", "lk-track");
    log.append(this.#strip, this.#bar);
    this.node.append(this.#label, this.#earlier, log, ...Object.values(this.#columns));
  }

  draw(partition, density, slots) {
    const { width } = DENSITIES[density];
    const range = windowOf(partition, slots);
    this.partition = partition;
    this.range = range;
    put(this.#label, `P${partition.number}`);
    attribute(this.node, "aria-label", rowText(partition));
    attribute(this.node, "data-partition", partition.number);
    const earlier = Math.max(0, range.first - (partition.log_start ?? range.first));
    put(this.#earlier, earlier ? `· · · ${number(earlier)} earlier` : "");
    put(this.#columns.lag, number(partition.lag));
    put(this.#columns.leader, number(partition.leader));
    put(this.#columns.held, partition.log_start === null ? "–" : number(heldIn(partition)));
    this.#columns.lag.classList.toggle("lk-behind", (partition.lag ?? 0) > 0);
    this.#drawCells(partition, range, width);
    this.#drawMarks(partition, range, width);
    this.#drawBar(partition, range, earlier);
  }

  #drawCells(partition, { first, end }, width) {
    const records = new Map((partition.records ?? []).map((record) => [record[0], record]));
    for (const [offset, cell] of this.#cells) {
      if (offset < first || offset >= end) {
        cell.remove();
        this.#cells.delete(offset);
      }
    }
    for (let offset = first; offset < end; offset += 1) {
      const record = records.get(offset);
      const kind = kindOf(partition, offset, record);
      const cell = this.#cells.get(offset) ?? this.#newCell(offset);
      const was = cell.dataset.kind;
      if (was !== kind) {
        if ((kind === "gone" || kind === "gap") && (was === "read" || was === "unread")) leave(cell);
        cell.dataset.kind = kind;
      }
      if (record && cell.record !== record) {
        cell.record = record;
        cell.dataset.colour = this.colours.of(record);
        put(cell.lastChild, record[2] ?? "");
      }
      cell.classList.toggle("lk-twice", isAgain(partition, offset));
      cell.classList.toggle("lk-segment", (partition.segments ?? []).includes(offset) && offset > (partition.log_start ?? 0));
      attribute(cell, "aria-label", cellText(partition, offset, record));
      style(cell, "left", `${(offset - first) * width}px`);
    }
  }

  #newCell(offset) {
    const cell = element("span", "lk-cell");
    cell.setAttribute("role", "img");
    cell.setAttribute("tabindex", "-1");
    cell.dataset.offset = offset;
    cell.append(element("span", "lk-offset", String(offset)), element("span", "lk-key"));
    this.#cells.set(offset, cell);
    this.#strip.append(cell);
    return cell;
  }

  #drawMarks(partition, range, width) {
    const marks = marksOf(partition, range, width);
    for (const [name, node] of this.#marks) node.hidden = !marks.some((mark) => mark.name === name);
    for (const { name, x, before, offset, shift = 0 } of marks) {
      let node = this.#marks.get(name);
      if (!node) {
        node = element("span", `lk-mark lk-mark-${name}`);
        node.setAttribute("aria-hidden", "true"); // the row's label says it
        this.#marks.set(name, node);
        this.#strip.append(node);
      }
      const text = GLYPHS[name] ? (before ? `‹ ${GLYPHS[name]} ${number(offset)}` : GLYPHS[name]) : name === "end" ? number(offset) : "";
      put(node, text);
      node.classList.toggle("lk-before", before);
      style(node, "left", `${x + shift}px`);
      attribute(node, "title", `${{ start: "log start", watermark: "high watermark" }[name] ?? name} ${number(offset)}`);
    }
    const { committed, position } = partition;
    const clamp = (offset) => (Math.min(Math.max(offset, range.first), range.end) - range.first) * width;
    const again = committed !== null && position !== null && position > committed;
    this.#again.hidden = !again;
    if (again) {
      style(this.#again, "left", `${clamp(committed)}px`);
      style(this.#again, "width", `${clamp(position) - clamp(committed)}px`);
    }
  }

  /** The whole log in proportion: segments, how far readers are, and which part of it the cells show. */
  #drawBar(partition, range, earlier) {
    const scale = scaleOf(partition);
    const segments = segmentsOf(partition);
    this.node.classList.toggle("lk-scaled", earlier > 0 || segments.length > 1);
    const bases = new Set(segments.map((segment) => segment.base));
    for (const [base, node] of this.#segments) {
      if (bases.has(base)) continue;
      this.#segments.delete(base);
      leave(node, () => node.remove());
    }
    for (const { base, from, to } of segments) {
      let node = this.#segments.get(base);
      if (!node) {
        node = element("span", "lk-part");
        this.#segments.set(base, node);
        this.#bar.prepend(node);
      }
      attribute(node, "data-base", base);
      style(node, "left", `${scale.at(from)}%`);
      style(node, "width", `${scale.at(to) - scale.at(from)}%`);
    }
    style(this.#shown, "left", `${scale.at(range.first)}%`);
    style(this.#shown, "width", `${scale.at(range.end) - scale.at(range.first)}%`);
    const at = reached(partition);
    this.#bar.classList.toggle("lk-is-read", at !== null);
    this.#bar.style.setProperty("--lk-read", `${scale.at(at ?? 0)}%`);
  }

  cell(offset) {
    return this.#cells.get(offset);
  }
}

const LEGEND = [
  ["gone", "", "removed"],
  ["start", "", "log start"],
  ["committed", "▲", "committed"],
  ["position", "●", "position"],
  ["again", "", "would be delivered again"],
  ["unread", "", "not read yet"],
  ["gap", "", "no record"],
  ["end", "", "end: the next record's offset"],
];

class LogBoard extends Board {
  #colours = new Colours();
  #rows = new Map();
  #density = 0;
  #width = 0;
  #focus = null;

  constructor() {
    super("log", share);
    this.grid = element("div", "lk-grid");
    this.detail = element("p", "lk-detail");
    this.columns = element("div", "lk-row lk-columns");
    this.columns.setAttribute("aria-hidden", "true");
    this.columns.append(
      element("span", "lk-number"),
      element("span", "lk-earlier"),
      element("span", "lk-track"),
      element("span", "lk-figure lk-lag", "lag"),
      element("span", "lk-figure lk-leader", "leader"),
      element("span", "lk-figure lk-held", "records"),
    );
    this.body = element("div", "lk-rows");
    this.grid.append(this.columns, this.body);
    this.grid.addEventListener("keydown", (event) => this.#arrowsMove(event));
    this.grid.addEventListener("focusin", ({ target }) => this.#focused(target));
    this.grid.addEventListener("pointerover", ({ target }) => this.#tell(target));
    this.grid.addEventListener("pointerleave", () => this.#tell(this.#focus));
    this.legend = legendOf(LEGEND);
    this.add(this.grid, this.detail, this.legend);
    this.observer = new ResizeObserver(() => this.#resize());
    this.observer.observe(this.grid);
  }

  drawContent(content) {
    const partitions = content.partitions ?? [];
    this.root.setAttribute("aria-label", `Log of ${content.topic ?? "a topic"}`);
    put(this.title, content.topic ?? "");
    const count = `${content.exact === false ? "up to " : ""}${plural(content.records ?? 0, "record")}`;
    put(this.counts, partitions.length ? `${plural(partitions.length, "partition")} · ${count}` : "");
    this.root.classList.toggle("lk-groupless", !content.group && !content.follows);
    this.root.classList.toggle("lk-positionless", !content.follows);
    this.root.classList.toggle("lk-uncommitted", !content.group);
    this.#drawRows(partitions);
    this.#tell(this.#pointed ?? this.#focus);
  }

  #drawRows(partitions) {
    const numbers = new Set(partitions.map((one) => one.number));
    for (const [name, row] of this.#rows) {
      if (numbers.has(name)) continue;
      row.node.remove();
      this.#rows.delete(name);
    }
    if (!partitions.length) this.#density = 0; // a topic that is made anew begins anew
    for (const part of [this.columns, this.detail, this.legend]) part.hidden = !partitions.length;
    for (const one of partitions) {
      if (this.#rows.has(one.number)) continue;
      const row = new Row(this.#colours);
      this.#rows.set(one.number, row);
      this.body.append(row.node);
    }
    const width = this.#trackWidth();
    if (width < 100) return; // out of sight, or being laid out
    this.#density = densityFor(partitions, width, this.#density);
    let slots = slotsIn(width, this.#density);
    const held = Math.max(...partitions.map((one) => (one.read_to ?? 0) - (one.read_from ?? 0)), 0);
    // With many partitions Python sends fewer records; those are what there are cells for.
    if (partitions.length > 20) slots = Math.min(slots, Math.max(4, held));
    attribute(this.root, "data-density", DENSITIES[this.#density].name);
    const hasEarlier = partitions.some((one) => windowOf(one, slots).first > (one.log_start ?? Infinity));
    if (hasEarlier && !this.root.classList.contains("lk-has-earlier")) {
      this.root.classList.add("lk-has-earlier"); // for good: columns don't come and go
      this.later();
    }
    for (const one of partitions) this.#rows.get(one.number).draw(one, this.#density, slots);
    if (!this.grid.querySelector('[tabindex="0"]')) this.#rove(this.#firstCell());
  }

  /** What the cells may use: the track without the place for the end's number. */
  #trackWidth() {
    // Of the line of headings: rows that are out of sight have no width (content-visibility).
    return Math.max(0, this.columns.querySelector(".lk-track").clientWidth - 72);
  }

  #resize() {
    const width = this.grid.clientWidth;
    if (width < 200 || Math.abs(width - this.#width) < 4) return;
    this.#width = width;
    this.#density = 0;
    this.later();
  }


  // The keyboard, and what is told of a cell.

  #arrowsMove(event) {
    const cell = event.target.closest(".lk-cell");
    if (!cell || hasModifier(event)) return;
    const row = [...this.#rows.values()].find((one) => one.node.contains(cell));
    const offset = Number(cell.dataset.offset);
    const rows = [...this.#rows.values()];
    const place = rows.indexOf(row);
    const nextTo = (other) => other?.cell(Math.max(other.range.first, Math.min(other.range.end - 1, other.range.first + offset - row.range.first)));
    const to = {
      ArrowLeft: () => row.cell(offset - 1),
      ArrowRight: () => row.cell(offset + 1),
      ArrowUp: () => nextTo(rows.slice(0, place).findLast((one) => one.range.end > one.range.first)),
      ArrowDown: () => nextTo(rows.slice(place + 1).find((one) => one.range.end > one.range.first)),
      Home: () => row.cell(row.range.first),
      End: () => row.cell(row.range.end - 1),
    }[event.key];
    if (!to) return;
    event.preventDefault();
    to()?.focus();
  }

  #firstCell() {
    return this.grid.querySelector(".lk-cell");
  }

  /** One cell of all can be reached with Tab. */
  #rove(cell) {
    this.grid.querySelectorAll('[tabindex="0"]').forEach((one) => one.setAttribute("tabindex", "-1"));
    cell?.setAttribute("tabindex", "0");
  }

  #focused(target) {
    const cell = target.closest(".lk-cell");
    if (!cell) return;
    this.#rove(cell);
    this.#focus = cell;
    this.#tell(cell);
  }

  get #pointed() {
    return this.grid.querySelector(".lk-row:hover .lk-cell:hover, .lk-row:hover");
  }

  #tell(target) {
    const told = target?.isConnected ? target.closest(".lk-cell, .lk-row:not(.lk-columns)") : null;
    put(this.detail, told?.getAttribute("aria-label") ?? HINT);
  }

  close() {
    super.close();
    this.observer.disconnect();
  }
}

export default { render: renderer(() => new LogBoard()) };
