/**
 * A consumer group: who has which partitions, what rebalances did to that, lag, and buttons for its members.
 *
 * Stands behind board.js.
 */

// Geometry and words: pure functions, which node --test tests.

/** Seconds that the time line shows. */
export const SPAN = 30;
/** So many partitions have a column of their own; more are told in words. */
export const COLUMNS = 48;
/** So many have a stripe of their own in the time line; more are one bar, whose height says how many. */
export const STRIPES = 12;
const NARROWEST = 12;
const WIDEST = 44;
const LEAST_GAP = 3; // pixels: the shortest gap is still to be seen
const COLOURS = 10;

export const placeName = (topic, number) => `${topic}/${number}`;

/** The width of a column in pixels; null where there are too many for columns. */
export function columnWidth(count, width) {
  if (!count || count > COLUMNS) return null;
  const each = Math.min(WIDEST, Math.floor(width / count));
  return each < NARROWEST ? null : each;
}

/** Numbers as people write them: 0–3, 5. */
export function ranges(numbers) {
  const parts = [];
  for (const one of [...numbers].sort((a, b) => a - b)) {
    const last = parts.at(-1);
    if (last && one === last[1] + 1) last[1] = one;
    else parts.push([one, one]);
  }
  return parts.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`)).join(", ");
}

/** What a member has, in words; the topic's name where there are several topics. */
export function partitionsText(places, topics) {
  if (!places.length) return "no partitions";
  const of = (topic) => ranges(places.filter(([name]) => name === topic).map(([, number]) => number));
  const parts = topics.filter((topic) => places.some(([name]) => name === topic));
  const listed = parts.map((topic) => (topics.length > 1 ? `${topic} ${of(topic)}` : of(topic))).join("; ");
  return `partition${places.length === 1 ? "" : "s"} ${listed}`;
}

/**
 * A member's stretches between two times, in pixels: stripes of partitions, gaps, and how it ended.
 *
 * `places` maps the names of partitions to their stripe's number. What is shorter than a gap that can be seen is drawn
 * so wide, at the cost of what comes after.
 */
export function laneOf(stretches, from, to, width, places) {
  const at = (time) => (width * (Math.min(Math.max(time, from), to) - from)) / (to - from);
  const lane = { stripes: [], bars: [], gaps: [], end: null };
  let taken = 0;
  for (const [began, ended, what, partitions] of stretches) {
    const last = ended === null;
    if ((!last && ended < from) || began > to) continue;
    const x = Math.max(at(began), taken);
    const right = at(last ? to : ended);
    if (what === "assigned") {
      const w = Math.max(0, right - x);
      if (!partitions.length) lane.bars.push({ x, w, part: 0, count: 0 });
      else if (places.size > STRIPES) lane.bars.push({ x, w, part: partitions.length / places.size, count: partitions.length });
      else for (const [topic, number] of partitions) lane.stripes.push({ x, w, place: places.get(placeName(topic, number)) });
    } else if (what === "waiting" || what === "lost") {
      const w = Math.max(LEAST_GAP, right - x);
      lane.gaps.push({ x, w });
      taken = x + w;
    } else {
      lane.end = { x: at(began), what };
    }
  }
  return lane;
}

/** One rebalance as a sentence. */
export function rebalanceText({ generation, began, ended, revoked, moved, without }) {
  const seconds = (value) => `${value < 0.995 ? value.toFixed(2) : value.toFixed(1)} s`;
  const said = [`generation ${generation}`, `took ${seconds(ended - began)}`, `${plural(revoked, "partition")} given back`, `${number(moved)} moved`];
  if (without > 0) said.push(`at most ${seconds(without)} without a member`);
  return said.join(" · ");
}

/** All that is known of a partition, as one line. */
export function partitionText(partition, severalTopics) {
  const said = [`${severalTopics ? `${partition.topic} ` : ""}partition ${partition.number}`, partition.member ?? "nobody has it"];
  const add = (name, value) => value !== null && said.push(`${name} ${number(value)}`);
  add("log start", partition.log_start);
  add("committed", partition.committed);
  add("position", partition.position);
  add("high watermark", partition.high_watermark);
  add("lag", partition.lag);
  return said.join(" · ");
}

/** What is wrong with a partition, as a sentence; null where nothing is. */
export function alarmOf({ topic, number: which, committed, log_start: logStart, lost }) {
  if (!lost) return null;
  return `${topic}, partition ${which}: the committed offset ${number(committed)} is below the log start ${number(logStart)}. ${plural(lost, "record")} ${lost === 1 ? "is" : "are"} gone that the group has never read.`;
}

const OVER = new Set(["returned", "raised", "stopped", "killed", "exited", "closed"]);
const SIGNS = { running: "●", slow: "◐", paused: "‖", frozen: "✱", stopped: "■", killed: "✕", raised: "✕", exited: "✕", returned: "■", closed: "■" };

/** How a member is, in words. */
export function stateText({ state, in_group: inGroup, kind }) {
  const where = { notebook: "in this notebook, ", elsewhere: "elsewhere, " }[kind] ?? "";
  const said = `${where}${state}`;
  if (OVER.has(state)) return inGroup ? `${said}; the group doesn't know yet` : said;
  return inGroup === false ? `${said}; not in the group` : said;
}

/** Which orders a member takes: [order, label, what it does] each. */
export function ordersOf({ kind, state }) {
  if (kind !== "process" || OVER.has(state)) return [];
  return [
    state === "slow" ? ["speed", "Full speed", "let records take no longer"] : ["slow", "Slow", "let each record take half a second longer"],
    state === "paused" ? ["resume", "Resume", "let it take records again"] : ["pause", "Pause", "let it take no records; its heartbeats go on"],
    ["stop", "Stop", "ask it to end: it leaves the group in order"],
    ["kill", "Kill", "end it at once, as a crash would: nobody tells the group"],
  ];
}

/** What is read out when a rebalance is over. */
export function spoken({ generation, members }, topics) {
  const has = members.filter((one) => !OVER.has(one.state)).map((one) => `${one.name} has ${partitionsText(one.partitions, topics)}`);
  return `Generation ${generation}: ${has.join("; ") || "no members"}.`;
}

// Drawing.

const colourOf = (place) => place % COLOURS;

function svg(tag, values = {}) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(values)) made.setAttribute(name, value);
  return made;
}

/** A member's line: its name and state, a cell for each partition, its figures and its buttons. */
class MemberRow {
  node = element("div", "lk-g-row lk-g-member");
  #name = element("span", "lk-g-name");
  #state = element("span", "lk-g-state");
  #places = element("span", "lk-g-places");
  #delivered = element("span", "lk-g-figure");
  #again = element("span", "lk-g-figure lk-g-again");
  #buttons = element("span", "lk-g-buttons");
  #cells = new Map();
  #orders = "";

  constructor(order) {
    this.order = order;
    this.node.setAttribute("role", "group");
    const who = element("span", "lk-g-who");
    who.append(this.#name, this.#state);
    this.node.append(who, this.#places, this.#delivered, this.#again, this.#buttons);
  }

  draw(member, { names, width, topics, live }) {
    const over = OVER.has(member.state);
    put(this.#name, member.name);
    put(this.#state, `${SIGNS[member.state] ?? ""} ${stateText(member)}`);
    attribute(this.node, "data-state", member.state);
    attribute(this.node, "data-member", member.name);
    attribute(this.node, "data-over", over);
    const has = over && !member.in_group ? "" : `, ${partitionsText(member.partitions, topics)}`;
    attribute(this.node, "aria-label", `${member.name}: ${stateText(member)}${has}`);
    put(this.#delivered, number(member.delivered));
    put(this.#again, number(member.again));
    this.#again.classList.toggle("lk-g-warns", (member.again ?? 0) > 0);
    this.#drawPlaces(member, names, width, topics);
    this.#drawButtons(member, live);
  }

  #drawPlaces(member, names, width, topics) {
    if (width === null) {
      this.#cells.clear();
      put(this.#places, member.partitions.length ? `${number(member.partitions.length)}: ${partitionsText(member.partitions, topics)}` : "–");
      return;
    }
    if (!this.#cells.size) this.#places.textContent = "";
    const has = new Set(member.partitions.map(([topic, which]) => placeName(topic, which)));
    for (const [name, cell] of this.#cells) {
      if (names.has(name)) continue;
      cell.remove();
      this.#cells.delete(name);
    }
    for (const [name, place] of names) {
      let cell = this.#cells.get(name);
      if (!cell) {
        cell = element("span", "lk-g-cell");
        cell.dataset.place = name;
        this.#cells.set(name, cell);
      }
      if (this.#places.children[place] !== cell) this.#places.insertBefore(cell, this.#places.children[place] ?? null);
      attribute(cell, "data-has", has.has(name));
      attribute(cell, "data-colour", colourOf(place));
    }
  }

  #drawButtons(member, live) {
    const orders = live ? ordersOf(member) : [];
    const now = orders.map(([order]) => order).join();
    if (now === this.#orders) return;
    const focused = this.#buttons.contains(document.activeElement) ? [...this.#buttons.children].indexOf(document.activeElement) : -1;
    this.#orders = now;
    this.#buttons.replaceChildren(
      ...orders.map(([order, label, what]) => {
        const made = element("button", `lk-g-button lk-g-${order}`, label);
        made.type = "button";
        made.title = `${label} ${member.name}: ${what}`;
        made.setAttribute("aria-label", `${label} ${member.name}`);
        made.addEventListener("click", () => this.order(order, member.name));
        return made;
      }),
    );
    if (focused >= 0) this.#buttons.children[Math.min(focused, orders.length - 1)]?.focus();
  }
}

const STRIPE = 5;
const LANE = 26;

/** A member's time line. */
class Lane {
  node = element("div", "lk-g-row lk-g-lane");
  #name = element("span", "lk-g-who");
  #track = element("span", "lk-g-track");
  #picture = svg("svg", { "aria-hidden": "true" });
  #end = element("span", "lk-g-end");
  #paths = new Map();

  constructor() {
    this.#track.append(this.#picture, this.#end);
    this.node.append(this.#name, this.#track);
  }

  draw(name, stretches, from, to, width, places) {
    put(this.#name, name);
    attribute(this.node, "data-lane", name);
    const height = places.size > STRIPES ? LANE : Math.max(LANE, places.size * STRIPE + 2);
    attribute(this.#picture, "width", Math.round(width));
    attribute(this.#picture, "height", height);
    const lane = laneOf(stretches, from, to, width, places);
    const paths = new Map();
    const add = (path, x, y, w, h) => paths.set(path, `${paths.get(path) ?? ""}M${x.toFixed(1)} ${y.toFixed(1)}h${Math.max(w, 0.5).toFixed(1)}v${h.toFixed(1)}h${(-Math.max(w, 0.5)).toFixed(1)}z`);
    const top = (height - places.size * STRIPE) / 2;
    for (const { x, w, place } of lane.stripes) add(`stripe-${colourOf(place)}`, x, top + place * STRIPE, w, STRIPE - 1);
    for (const { x, w, part, count } of lane.bars) {
      if (count) add("bar", x, height - 3 - part * (height - 6), w, part * (height - 6));
      else add("none", x, height / 2, w, 1);
    }
    for (const { x, w } of lane.gaps) add("gap", x, 3, w, height - 6);
    for (const [path, node] of this.#paths) if (!paths.has(path)) attribute(node, "d", "");
    for (const [path, d] of paths) {
      let node = this.#paths.get(path);
      if (!node) {
        node = svg("path", { class: `lk-g-path lk-g-path-${path.split("-")[0]}`, "data-colour": path.split("-")[1] ?? "" });
        this.#paths.set(path, node);
        this.#picture.append(node);
      }
      attribute(node, "d", d);
    }
    this.#end.hidden = lane.end === null;
    if (lane.end) {
      put(this.#end, `✕ ${lane.end.what}`);
      style(this.#end, "left", `${Math.min(lane.end.x, width - 60).toFixed(0)}px`);
    }
  }
}

const MEANINGS = [
  ["g-stripe", "", "has these partitions, a colour each"],
  ["g-gap", "", "gave partitions back, and waits"],
  ["g-lag", "", "lag: committed offset to high watermark"],
];
const GROUP_HINT = "Point at a partition, or move with Tab and the arrow keys.";
const EMPTY = { names: new Map(), topics: [], partitions: [] };

class GroupBoard extends Board {
  #rows = new Map();
  #lanes = new Map();
  #columns = new Map();
  #known = EMPTY;
  #heard = null;
  #skew = 0;
  #focus = null;

  constructor(model) {
    super("group");
    this.model = model;
    this.asked = element("p", "lk-g-asked");
    this.alarms = element("ul", "lk-g-alarms");
    this.alarms.setAttribute("aria-label", "Records that the group has lost");
    this.table = element("div", "lk-g-table");
    this.heads = element("div", "lk-g-row lk-g-heads");
    this.headCells = element("span", "lk-g-places");
    this.heads.append(
      element("span", "lk-g-who", "member"),
      this.headCells,
      element("span", "lk-g-figure", "delivered"),
      element("span", "lk-g-figure", "more than once"),
      element("span", "lk-g-buttons"),
    );
    this.body = element("div", "lk-g-members");
    this.lags = element("div", "lk-g-row lk-g-lags");
    this.lagCells = element("span", "lk-g-places");
    this.lagSum = element("span", "lk-g-figure");
    this.lags.append(element("span", "lk-g-who", "lag"), this.lagCells, this.lagSum, element("span", "lk-g-figure"), this.#adder());
    this.table.append(this.heads, this.body, this.lags);
    this.times = element("div", "lk-g-times");
    this.laneBody = element("div", "lk-g-lanes");
    this.axis = element("div", "lk-g-row lk-g-axis");
    this.axis.setAttribute("aria-hidden", "true");
    const ticks = element("span", "lk-g-track");
    for (const seconds of [30, 20, 10, 0]) ticks.append(element("span", "lk-g-tick", seconds ? `−${seconds} s` : "now"));
    this.axis.append(element("span", "lk-g-who"), ticks);
    this.track = ticks;
    this.times.append(this.laneBody, this.axis);
    this.rebalances = element("ol", "lk-g-rebalances");
    this.rebalances.setAttribute("aria-label", "The newest rebalances");
    this.detail = element("p", "lk-detail");
    this.legend = legendOf(MEANINGS);
    this.add(this.asked, this.alarms, this.table, this.detail, this.times, this.rebalances, this.legend);
    this.headCells.addEventListener("keydown", (event) => this.#arrowsMove(event));
    this.table.addEventListener("focusin", ({ target }) => this.#focused(target));
    this.table.addEventListener("pointerover", ({ target }) => this.#tell(target));
    this.table.addEventListener("pointerleave", () => this.#tell(this.#focus));
    this.observer = new ResizeObserver(() => this.later());
    this.observer.observe(this.times);
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.clock = setInterval(() => this.#tick(), still ? 1000 : 250);
  }

  #adder() {
    const place = element("span", "lk-g-buttons");
    this.adder = element("button", "lk-g-button lk-g-add", "Add a member");
    this.adder.type = "button";
    this.adder.addEventListener("click", () => this.adder.getAttribute("aria-disabled") !== "true" && this.#order("add", ""));
    place.append(this.adder);
    return place;
  }

  /** The newest frame's time by this machine's clock: a kernel may be elsewhere, and its clock too. */
  receive(frame, fresh) {
    if (fresh && frame?.time) this.#skew = Date.now() / 1000 - frame.time;
    this.#asked("");
    super.receive(frame, fresh);
  }

  #order(order, member) {
    try {
      this.model.send({ order, member });
      this.#asked(`Asked for: ${order}${member ? ` ${member}` : " a member"} …`);
    } catch {
      this.#asked("The kernel that made this view is gone; run its cell again.");
    }
  }

  #asked(text) {
    put(this.asked, text);
    this.asked.hidden = !text;
  }

  // What is shown.

  drawContent(content) {
    const partitions = content.partitions ?? [];
    const topics = [...new Set(partitions.map((one) => one.topic))];
    const names = new Map(partitions.map((one, place) => [placeName(one.topic, one.number), place]));
    this.#known = { names, topics, partitions };
    this.content = content;
    this.root.setAttribute("aria-label", `Group ${content.group ?? ""}`);
    put(this.title, content.group ?? "");
    put(this.counts, this.#counted(content, partitions));
    const nothing = !content.members?.length && !partitions.length;
    for (const part of [this.table, this.times, this.legend, this.detail]) part.hidden = nothing;
    if (content.notice) this.#asked(content.notice);
    this.#drawAlarms(partitions);
    if (nothing) return;
    this.#drawTable(content);
    this.#drawLanes();
    this.#drawRebalances(content.rebalances);
    this.#tell(this.#focus);
    this.#speak(content, topics);
  }

  #counted({ state, protocol, generation, members = [] }, partitions) {
    const there = members.filter((one) => !OVER.has(one.state)).length;
    const said = [state, protocol, generation === null || generation === undefined ? "" : `generation ${generation}`];
    if (members.length || partitions.length) said.push(plural(there, "member"), plural(partitions.length, "partition"));
    return said.filter(Boolean).join(" · ");
  }

  #drawAlarms(partitions) {
    const texts = partitions.map(alarmOf).filter(Boolean).slice(0, 5);
    const now = texts.join("\n");
    if (this.alarms.dataset.texts !== now) {
      this.alarms.dataset.texts = now;
      this.alarms.replaceChildren(...texts.map((text) => element("li", "", `⚠ ${text}`)));
    }
    this.alarms.hidden = !texts.length;
  }

  #drawTable(content) {
    const { names, topics, partitions } = this.#known;
    const width = columnWidth(names.size, this.headCells.clientWidth || 400);
    this.root.classList.toggle("lk-g-words", width === null);
    this.root.style.setProperty("--lk-g-column", `${width ?? 0}px`);
    this.#drawHeads(partitions, width, topics);
    const live = this.tape.live && this.tape.shown.state === "live";
    const there = new Set(content.members.map((one) => one.name));
    for (const [name, row] of this.#rows) {
      if (there.has(name)) continue;
      row.node.remove();
      this.#rows.delete(name);
    }
    for (const member of content.members) {
      let row = this.#rows.get(member.name);
      if (!row) {
        row = new MemberRow((order, name) => this.#order(order, name));
        this.#rows.set(member.name, row);
        this.body.append(row.node);
      }
      row.draw(member, { names, width, topics, live });
    }
    attribute(this.adder, "aria-disabled", !(content.can_add && live));
    attribute(this.adder, "title", content.can_add ? "Start another like the last" : "Start one with start_member first: then more like it can be added here");
    const known = partitions.filter((one) => one.lag !== null);
    put(this.lagSum, known.length ? `${number(known.reduce((sum, one) => sum + one.lag, 0))} in all` : "–");
  }

  #drawHeads(partitions, width, topics) {
    if (width === null) {
      this.#columns.clear();
      put(this.headCells, "partitions");
      const behind = partitions.filter((one) => one.lag > 0).sort((one, other) => other.lag - one.lag);
      const most = behind.slice(0, 5).map((one) => `${topics.length > 1 ? `${one.topic} ` : ""}P${one.number} ${number(one.lag)}`);
      put(this.lagCells, behind.length ? `${plural(behind.length, "partition")} behind; most: ${most.join(", ")}` : "none behind");
      return;
    }
    if (!this.#columns.size) {
      this.headCells.textContent = "";
      this.lagCells.textContent = "";
    }
    const { names } = this.#known;
    for (const [name, { head, lag }] of this.#columns) {
      if (names.has(name)) continue;
      head.remove();
      lag.remove();
      this.#columns.delete(name);
    }
    partitions.forEach((one, place) => {
      const name = placeName(one.topic, one.number);
      let column = this.#columns.get(name);
      if (!column) {
        column = { head: element("span", "lk-g-head"), lag: element("span", "lk-g-lag") };
        column.head.setAttribute("tabindex", "-1");
        column.head.setAttribute("role", "img");
        column.head.dataset.place = name;
        column.lag.dataset.place = name;
        this.#columns.set(name, column);
      }
      for (const [parent, node] of [[this.headCells, column.head], [this.lagCells, column.lag]])
        if (parent.children[place] !== node) parent.insertBefore(node, parent.children[place] ?? null);
      const first = place === 0 || partitions[place - 1].topic !== one.topic;
      put(column.head, width >= 24 || one.number % 5 === 0 ? `${width >= 24 ? "P" : ""}${one.number}` : "");
      attribute(column.head, "data-topic", topics.length > 1 && first ? one.topic : "");
      attribute(column.head, "data-owned", one.member !== null);
      attribute(column.head, "aria-label", partitionText(one, topics.length > 1));
      put(column.lag, width >= 24 ? number(one.lag) : one.lag > 0 ? "▮" : "");
      attribute(column.lag, "data-behind", one.lag > 0);
      attribute(column.lag, "data-lost", one.lost > 0);
    });
    this.root.classList.toggle("lk-g-several", topics.length > 1);
    if (!this.headCells.querySelector('[tabindex="0"]')) this.headCells.firstElementChild?.setAttribute("tabindex", "0");
  }

  /** The time at the right end of the time line: while it is live the time goes on, also where nothing happens. */
  #now() {
    const { shown, live } = this.tape;
    return live && shown.state === "live" ? Math.max(shown.time, Date.now() / 1000 - this.#skew) : shown.time;
  }

  #drawLanes() {
    const width = this.track.clientWidth;
    if (width < 100) return; // out of sight
    const to = this.#now();
    const { lanes = {}, members } = this.content;
    const names = members.map((one) => one.name).filter((name) => lanes[name]?.length);
    for (const [name, lane] of this.#lanes) {
      if (names.includes(name)) continue;
      lane.node.remove();
      this.#lanes.delete(name);
    }
    for (const name of names) {
      let lane = this.#lanes.get(name);
      if (!lane) {
        lane = new Lane();
        this.#lanes.set(name, lane);
        this.laneBody.append(lane.node);
      }
      lane.draw(name, lanes[name], to - SPAN, to, width, this.#known.names);
    }
    this.times.hidden = !names.length;
  }

  #tick() {
    if (this.tape.live && this.content && !document.hidden && this.root.isConnected) this.#drawLanes();
  }

  #drawRebalances(rebalances = []) {
    const texts = rebalances.slice(-3).reverse().map(rebalanceText);
    const now = texts.join("\n");
    if (this.rebalances.dataset.texts !== now) {
      this.rebalances.dataset.texts = now;
      this.rebalances.replaceChildren(...texts.map((text) => element("li", "", text)));
    }
    this.rebalances.hidden = !texts.length;
  }

  /** Rebalances are read out, once they are over, and anew when a member tells of one later than the others; nothing else that changes is. */
  #speak(content, topics) {
    const newest = content.rebalances?.at(-1);
    const heard = newest ? rebalanceText(newest) : "";
    if (this.#heard !== null && heard && heard !== this.#heard && this.tape.live) this.announce(spoken(content, topics));
    this.#heard = heard;
  }

  // The keyboard, and what is told of a partition.

  #arrowsMove(event) {
    const head = event.target.closest(".lk-g-head");
    if (!head || hasModifier(event)) return;
    const to = {
      ArrowLeft: head.previousElementSibling,
      ArrowRight: head.nextElementSibling,
      Home: this.headCells.firstElementChild,
      End: this.headCells.lastElementChild,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    to?.focus();
  }

  #focused(target) {
    const head = target.closest(".lk-g-head");
    if (!head) return;
    this.headCells.querySelectorAll('[tabindex="0"]').forEach((one) => one.setAttribute("tabindex", "-1"));
    head.setAttribute("tabindex", "0");
    this.#focus = head;
    this.#tell(head);
  }

  #tell(target) {
    const place = target?.isConnected ? target.closest("[data-place]")?.dataset.place : null;
    const found = place ? this.#known.partitions[this.#known.names.get(place)] : null;
    const member = !found && target?.isConnected ? target.closest(".lk-g-member") : null;
    put(this.detail, found ? partitionText(found, this.#known.topics.length > 1) : (member?.getAttribute("aria-label") ?? GROUP_HINT));
  }

  close() {
    super.close();
    clearInterval(this.clock);
    this.observer.disconnect();
  }
}

export default { render: renderer((model) => new GroupBoard(model)) };
