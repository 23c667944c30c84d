/**
 * A cluster: a row for each partition, a column for each broker, and in the cell what the broker is to the partition.
 *
 * A cell is the same node for as long as its partition and its broker are shown. Stands behind board.js.
 */

// What is drawn: pure functions, which node --test tests.

const WORDS_FIT = 6; // so many columns have room for a word beside the sign

/** What a broker is to a partition: `leader`, `in-sync`, `behind`, `away` (it has a copy, and isn't there), or `none`. */
export function kindOf(partition, broker) {
  if (!partition.replicas.includes(broker.id)) return "none";
  if (partition.leader === broker.id) return "leader";
  if (broker.state === "away") return "away";
  return partition.in_sync.includes(broker.id) ? "in-sync" : "behind";
}

/** The replica that leads when all is well: the first in the list. */
export const preferredOf = (partition) => partition.replicas[0] ?? null;

/** Whether another than the preferred replica leads. */
export const isStandIn = (partition) => partition.leader !== null && partition.leader !== preferredOf(partition);

/** The frame with every partition that is as before taken from the one before, so that kept frames share it. */
export function share(before, frame) {
  const old = new Map((before?.content.partitions ?? []).map((one) => [nameOf(one), one]));
  const partitions = (frame.content.partitions ?? []).map((one) => {
    const was = old.get(nameOf(one));
    return was && JSON.stringify(was) === JSON.stringify(one) ? was : one;
  });
  return { ...frame, content: { ...frame.content, partitions } };
}

const nameOf = ({ topic, number: of }) => `${topic} ${of}`; // a topic's name has no space

/** Brokers that went or came back, and partitions that have another leader than before. */
export function changesBetween(before, now) {
  const states = new Map((before.brokers ?? []).map((one) => [one.id, one.state]));
  const leaders = new Map((before.partitions ?? []).map((one) => [nameOf(one), one.leader]));
  const turned = (state) => (now.brokers ?? []).filter((one) => states.has(one.id) && states.get(one.id) !== state && one.state === state);
  return {
    away: turned("away").map((one) => one.id),
    back: turned("running").map((one) => one.id),
    moved: (now.partitions ?? []).filter((one) => leaders.has(nameOf(one)) && leaders.get(nameOf(one)) !== one.leader),
  };
}

// Words.

const KINDS = {
  leader: "leads",
  "in-sync": "in sync",
  behind: "behind",
  away: "away",
  none: "no copy",
};

/** The head's line. */
export function countsText({ brokers = [], partitions = [], under_replicated: under = 0, without_leader: without = 0 }) {
  const away = brokers.filter((one) => one.state === "away").length;
  const said = [`${plural(brokers.length, "broker")}${away ? `, ${number(away)} away` : ""}`, plural(partitions.length, "partition")];
  if (under) said.push(`${number(under)} under-replicated`);
  if (without) said.push(`${number(without)} without a leader`);
  return said.join(" · ");
}

/** All that is known of a cell, as one line. */
export function cellText(partition, broker) {
  const kind = kindOf(partition, broker);
  const said = [`${partition.topic}, partition ${partition.number}`, `broker ${broker.id}`];
  if (kind === "leader") said.push(`leads, epoch ${partition.epoch}`);
  else if (kind === "away") said.push("has a copy, and is away");
  else if (kind === "behind") said.push("has a copy that isn't in sync");
  else said.push(KINDS[kind]);
  if (preferredOf(partition) === broker.id) said.push("preferred leader");
  else if (kind === "leader") said.push(`not the preferred leader, which is broker ${preferredOf(partition)}`);
  return said.join(" · ");
}

/** All that is known of a partition, as one line. */
export function rowText(partition) {
  const { leader, in_sync: inSync, replicas } = partition;
  const said = [`${partition.topic}, partition ${partition.number}`, leader === null ? "no leader" : `led by broker ${leader}`];
  if (isStandIn(partition)) said.push(`preferred: broker ${preferredOf(partition)}`);
  said.push(`in sync ${inSync.length} of ${replicas.length}`);
  return said.join(" · ");
}

/** What is read out: few partitions by name, many by number. */
export function changesText({ away, back, moved }) {
  const are = (ids) => (ids.length > 1 ? `brokers ${ids.slice(0, -1).join(", ")} and ${ids.at(-1)} are` : `broker ${ids[0]} is`);
  const said = [];
  if (away.length) said.push(`${are(away)} away`);
  if (back.length) said.push(`${are(back)} back`);
  if (moved.length > 3) said.push(`${plural(moved.length, "partition")} changed leaders`);
  else for (const one of moved) said.push(one.leader === null ? `${nameOf(one)} has no leader` : `${nameOf(one)} is led by broker ${one.leader}`);
  return said.join(", ");
}

ICONS.star = "M8 1l2.1 4.6 5 .6-3.7 3.4 1 5L8 12.1l-4.4 2.5 1-5L.9 6.2l5-.6z";
const HINT = "Point at a cell, or move with Tab and the arrow keys.";

// Drawing.

class Cell {
  node = element("div", "lk-cl-cell");
  #word = element("span", "lk-cl-word");

  constructor(broker) {
    this.node.setAttribute("role", "gridcell");
    this.node.setAttribute("tabindex", "-1");
    this.node.dataset.broker = broker;
    const sign = element("span", "lk-cl-sign");
    const star = icon("star");
    star.classList.add("lk-cl-star");
    for (const one of [sign, this.#word]) one.setAttribute("aria-hidden", "true");
    this.node.append(sign, this.#word, star);
  }

  draw(partition, broker, moved) {
    const kind = kindOf(partition, broker);
    attribute(this.node, "data-kind", kind);
    attribute(this.node, "data-column", broker.state);
    attribute(this.node, "aria-label", cellText(partition, broker));
    put(this.#word, kind === "none" ? "" : KINDS[kind]);
    this.node.classList.toggle("lk-cl-preferred", preferredOf(partition) === broker.id);
    this.node.classList.toggle("lk-cl-stand-in", kind === "leader" && isStandIn(partition));
    if (moved && kind === "leader") this.#flash();
  }

  #flash() {
    this.node.classList.add("lk-cl-moved");
    clearTimeout(this.flashing);
    this.flashing = setTimeout(() => this.node.classList.remove("lk-cl-moved"), 2000);
  }
}

class Row {
  node = element("div", "lk-cl-row");
  #cells = new Map();
  #label = element("span", "lk-cl-number");
  #leader = element("span", "lk-cl-figure lk-cl-leader");
  #inSync = element("span", "lk-cl-figure lk-cl-in-sync");

  constructor() {
    this.node.setAttribute("role", "row");
    this.#label.setAttribute("role", "rowheader");
    for (const one of [this.#leader, this.#inSync]) one.setAttribute("role", "gridcell");
    this.node.append(this.#label, this.#leader, this.#inSync);
  }

  draw(partition, brokers) {
    const was = this.partition;
    if (was === partition && this.brokers === brokers) return;
    this.partition = partition;
    this.brokers = brokers;
    put(this.#label, `P${partition.number}`);
    attribute(this.#label, "aria-label", rowText(partition));
    attribute(this.node, "data-partition", nameOf(partition));
    const ids = new Set(brokers.map((one) => one.id));
    for (const [id, cell] of this.#cells) {
      if (ids.has(id)) continue;
      cell.node.remove();
      this.#cells.delete(id);
    }
    const moved = was && was.leader !== partition.leader;
    let last = this.#label;
    for (const broker of brokers) {
      if (!this.#cells.has(broker.id)) this.#cells.set(broker.id, new Cell(broker.id));
      const cell = this.#cells.get(broker.id);
      if (last.nextSibling !== cell.node) last.after(cell.node);
      last = cell.node;
      cell.draw(partition, broker, moved);
    }
    this.#drawFigures(partition);
  }

  #drawFigures(partition) {
    const { leader, in_sync: inSync, replicas } = partition;
    put(this.#leader, leader === null ? "✕ none" : isStandIn(partition) ? `${leader}, not ${preferredOf(partition)}` : String(leader));
    put(this.#inSync, `${inSync.length} of ${replicas.length}`);
    this.#leader.classList.toggle("lk-cl-bad", leader === null);
    this.#leader.classList.toggle("lk-cl-odd", isStandIn(partition));
    this.#inSync.classList.toggle("lk-cl-odd", inSync.length < replicas.length);
  }

  cell(place) {
    return this.brokers[place] && this.#cells.get(this.brokers[place].id).node;
  }
}

const LEGEND = [
  ["leader", "", "leads: clients write and read here"],
  ["in-sync", "", "in sync with the leader"],
  ["behind", "", "behind or away: its copy isn't in sync"],
  ["star", "", "preferred leader, hollow while another leads"],
  ["stand-in", "", "leads in place of the preferred one"],
];

class ClusterBoard extends Board {
  #rows = new Map();
  #groups = new Map();
  #heads = new Map();
  #brokers = [];
  #heard = null;
  #focus = null;

  constructor() {
    super("cluster", share);
    this.grid = element("div", "lk-cl-grid");
    this.grid.setAttribute("role", "grid");
    this.columns = element("div", "lk-cl-row lk-cl-columns");
    this.columns.setAttribute("role", "row");
    const ends = [["lk-cl-number", ""], ["lk-cl-figure", "leader"], ["lk-cl-figure", "in sync"]].map(([name, text]) => element("span", name, text));
    for (const one of ends) one.setAttribute("role", "columnheader");
    this.columns.append(...ends);
    this.detail = element("p", "lk-detail");
    this.grid.append(this.columns);
    this.grid.addEventListener("keydown", (event) => this.#arrowsMove(event));
    this.grid.addEventListener("focusin", ({ target }) => this.#focused(target));
    this.grid.addEventListener("pointerover", ({ target }) => this.#tell(target));
    this.grid.addEventListener("pointerleave", () => this.#tell(this.#focus));
    this.legend = legendOf(LEGEND.map(([name, ...rest]) => [`cl-${name}`, ...rest]));
    this.add(this.grid, this.detail, this.legend);
    put(this.title, "Cluster");
    this.root.setAttribute("aria-label", "Cluster");
    this.grid.setAttribute("aria-label", "Partitions by broker");
  }

  drawContent(content) {
    const { brokers = [], partitions = [] } = content;
    put(this.counts, brokers.length ? countsText(content) : "");
    this.grid.hidden = !brokers.length;
    for (const part of [this.detail, this.legend]) part.hidden = !partitions.length;
    this.root.classList.toggle("lk-cl-wordless", brokers.length > WORDS_FIT);
    this.grid.style.setProperty("--lk-cl-brokers", brokers.length);
    const same = JSON.stringify(brokers) === JSON.stringify(this.#brokers);
    if (!same) this.#brokers = brokers; // rows ask whether it is the same list
    this.#drawHeads(this.#brokers, content.controller ?? null);
    this.#drawRows(content.topics ?? [], partitions);
    if (this.tape.live) this.#hear(content);
    if (!this.grid.querySelector('[tabindex="0"]')) this.#rove(this.grid.querySelector(".lk-cl-cell"));
    this.#tell(this.grid.querySelector(".lk-cl-cell:hover, .lk-cl-number:hover") ?? this.#focus);
  }

  #drawHeads(brokers, controller) {
    const ids = new Set(brokers.map((one) => one.id));
    for (const [id, head] of this.#heads) {
      if (ids.has(id)) continue;
      head.remove();
      this.#heads.delete(id);
    }
    for (const { id, state } of brokers) {
      let head = this.#heads.get(id);
      if (!head) {
        head = element("span", "lk-cl-head");
        head.setAttribute("role", "columnheader");
        head.dataset.broker = id;
        head.append(element("span", "lk-cl-name", `broker ${id}`), element("span", "lk-cl-state"));
        this.#heads.set(id, head);
      }
      attribute(head, "data-state", state);
      put(head.lastChild, state === "away" ? "✕ away" : id === controller ? "running, controller" : "running");
    }
    const places = brokers.map((one) => this.#heads.get(one.id));
    if (places.some((head, place) => this.columns.children[place + 1] !== head)) this.columns.firstChild.after(...places);
  }

  #drawRows(topics, partitions) {
    const names = new Set(partitions.map(nameOf));
    for (const [name, row] of this.#rows) {
      if (names.has(name)) continue;
      row.node.remove();
      this.#rows.delete(name);
    }
    for (const [topic, group] of this.#groups) {
      if (topics.includes(topic)) continue;
      group.remove();
      this.#groups.delete(topic);
    }
    let last = this.columns;
    for (const topic of topics) {
      const group = this.#groups.get(topic) ?? this.#newGroup(topic);
      if (last.nextSibling !== group) last.after(group);
      last = group;
    }
    for (const one of partitions) {
      let row = this.#rows.get(nameOf(one));
      if (!row) {
        row = new Row();
        this.#rows.set(nameOf(one), row);
        this.#groups.get(one.topic)?.append(row.node);
      }
      row.draw(one, this.#brokers);
    }
  }

  #newGroup(topic) {
    const group = element("div", "lk-cl-topic");
    group.setAttribute("role", "rowgroup");
    group.setAttribute("aria-label", topic);
    const line = element("div", "lk-cl-topic-line");
    line.setAttribute("role", "row");
    const name = element("span", "lk-cl-topic-name", topic);
    name.setAttribute("role", "rowheader");
    line.append(name);
    group.append(line);
    this.#groups.set(topic, group);
    return group;
  }

  /** Once a change, and only of what happens now. */
  #hear(content) {
    const before = this.#heard;
    this.#heard = content;
    if (!before || before === content) return;
    const text = changesText(changesBetween(before, content));
    if (text) this.announce(text);
  }

  // The keyboard, and what is told of a cell.

  #arrowsMove(event) {
    const cell = event.target.closest(".lk-cl-cell");
    if (!cell || hasModifier(event)) return;
    const rows = [...this.grid.querySelectorAll("[data-partition]")];
    const row = rows.indexOf(cell.parentNode);
    const column = this.#brokers.findIndex((one) => String(one.id) === cell.dataset.broker);
    const last = this.#brokers.length - 1;
    const [down, across] = {
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      Home: [row, 0],
      End: [row, last],
    }[event.key] ?? [];
    if (down === undefined) return;
    event.preventDefault();
    this.#rows.get(rows[down]?.dataset.partition)?.cell(across)?.focus();
  }

  /** One cell of all can be reached with Tab. */
  #rove(cell) {
    this.grid.querySelectorAll('[tabindex="0"]').forEach((one) => one.setAttribute("tabindex", "-1"));
    cell?.setAttribute("tabindex", "0");
  }

  #focused(target) {
    const cell = target.closest(".lk-cl-cell");
    if (!cell) return;
    this.#rove(cell);
    this.#focus = cell;
    this.#tell(cell);
  }

  #tell(target) {
    const told = target?.isConnected ? target.closest(".lk-cl-cell, .lk-cl-number[aria-label]") : null;
    put(this.detail, told?.getAttribute("aria-label") ?? HINT);
  }
}

export default { render: renderer(() => new ClusterBoard()) };
