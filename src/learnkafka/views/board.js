/**
 * What all views' pages have in common: the frames received, pause, step and replay over them, the state, keys.
 *
 * Python puts this file in front of each view's own (base.py), so that a view is one script, without a build step.
 * A frame is drawn whole, into nodes that stay: only what changed is touched.
 */

const KEEP_FRAMES = 600;
const KEEP_PARTS = 12000; // frames of many partitions are kept in smaller number

/** The frames received, newest last, and which of them is shown: the newest while `live`. */
export class Tape {
  frames = [];
  live = true;
  #at = 0;
  #share;

  /** `share(before, frame)`: the frame with everything that is as before taken from the one before. */
  constructor(share = (before, frame) => frame) {
    this.#share = share;
  }

  add(frame) {
    const newest = this.frames.at(-1);
    if (newest && frame.seq <= newest.seq && frame.time === newest.time) return;
    this.frames.push(this.#share(newest, frame));
    const parts = Math.max(1, frame.content.partitions?.length ?? 1);
    while (this.frames.length > Math.max(10, Math.min(KEEP_FRAMES, Math.floor(KEEP_PARTS / parts)))) {
      this.frames.shift();
      this.#at = Math.max(0, this.#at - 1);
    }
    if (this.live) this.#at = this.frames.length - 1;
  }

  get shown() {
    return this.frames[this.#at];
  }

  get place() {
    return this.#at + 1;
  }

  get atEnd() {
    return this.#at >= this.frames.length - 1;
  }

  pause() {
    this.live = false;
  }

  resume() {
    this.live = true;
    this.#at = Math.max(0, this.frames.length - 1);
  }

  step(by) {
    this.pause();
    this.#at = Math.min(Math.max(0, this.#at + by), Math.max(0, this.frames.length - 1));
  }

  rewind() {
    this.pause();
    this.#at = 0;
  }
}

// Words.

const NUMBER = new Intl.NumberFormat("en-GB");
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });
const number = (value) => (value === null || value === undefined ? "–" : NUMBER.format(value));
const plural = (count, word) => `${number(count)} ${word}${count === 1 ? "" : "s"}`;
const STATES = { absent: "not there yet ○", unreachable: "unreachable ✕", refused: "not allowed ✕", failed: "failed ✕" };

// Drawing.

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text; // never innerHTML: keys and values are anybody's
  return made;
}

// Not every font has these signs.
const ICONS = {
  pause: "M4 2h3v12H4zM9 2h3v12H9z",
  live: "M8 3a5 5 0 1 1 0 10a5 5 0 1 1 0-10z",
  back: "M12 2v12L4 8z",
  forward: "M4 2v12l8-6z",
  replay: "M8 2a6 6 0 1 1-5.7 4.1l1.9.6A4 4 0 1 0 8 4v2.6L3.8 3.3L8 0z",
};

function icon(name) {
  const namespace = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(namespace, "svg");
  const path = document.createElementNS(namespace, "path");
  for (const [key, value] of Object.entries({ viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" })) svg.setAttribute(key, value);
  path.setAttribute("d", ICONS[name]);
  path.setAttribute("fill", "currentColor");
  svg.append(path);
  return svg;
}

/** Set only what differs: what is not touched doesn't move, and isn't read out. */
function put(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function attribute(node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

function style(node, name, value) {
  if (node.style[name] !== value) node.style[name] = value;
}

function iconButton(sign, label, act) {
  const made = element("button", "lk-button");
  made.append(icon(sign));
  made.type = "button";
  made.title = label;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

/** What the signs mean: [name, sign, text] each. */
function legendOf(meanings) {
  const list = element("ul", "lk-legend");
  for (const [name, sign, text] of meanings) {
    const item = element("li", `lk-means lk-means-${name}`);
    const sample = element("span", `lk-sample lk-sample-${name}`, sign);
    sample.setAttribute("aria-hidden", "true");
    item.append(sample, element("span", "", text));
    list.append(item);
  }
  return list;
}

/** For about a second something is seen to leave. */
function leave(node, then = () => {}) {
  node.classList.add("removed");
  setTimeout(() => {
    node.classList.remove("removed");
    then();
  }, 1000);
}

/** A view's frame of a page: what it is of, its state, its buttons. A view draws its content below, in `drawContent`. */
class Board {
  #drawing = 0;
  #playing = 0;

  constructor(name, share) {
    this.tape = new Tape(share);
    this.root = element("section", `lk-board lk-${name}`);
    this.title = element("strong", "lk-title");
    this.counts = element("span", "lk-counts");
    this.state = element("span", "lk-state");
    this.place = element("span", "lk-place");
    this.said = element("p", "lk-said");
    this.voice = element("span", "lk-voice");
    this.voice.setAttribute("aria-live", "polite");
    this.buttons = {
      pause: iconButton("pause", "Pause", () => this.#toggle()),
      back: iconButton("back", "Step back", () => this.#step(-1)),
      forward: iconButton("forward", "Step forward", () => this.#step(1)),
      replay: iconButton("replay", "Replay", () => this.#replay()),
    };
    const controls = element("div", "lk-controls");
    controls.setAttribute("role", "toolbar");
    controls.setAttribute("aria-label", "Pause and replay");
    controls.append(...Object.values(this.buttons));
    controls.addEventListener("keydown", (event) => this.#arrowsStep(event));
    const head = element("div", "lk-head");
    head.append(this.title, this.counts, this.place, this.state, controls);
    this.root.append(head, this.said, this.voice);
    for (const type of ["focusin", "keydown", "keyup"]) this.root.addEventListener(type, suppress);
  }

  /** Put a view's own parts below the head. */
  add(...parts) {
    this.voice.before(...parts);
  }

  // What is shown.

  /** `fresh`: it comes from Python this moment; otherwise it is one that was there already. */
  receive(frame, fresh) {
    if (!frame || frame.seq === undefined) return;
    this.tape.add(frame);
    this.later();
  }

  /** Draw once before the next picture of the screen, however many frames have come. */
  later() {
    this.#drawing ||= requestAnimationFrame(() => {
      this.#drawing = 0;
      this.draw();
    });
  }

  draw() {
    const frame = this.tape.shown;
    this.#drawControls();
    if (!frame) return;
    this.#drawState(frame);
    this.drawContent(frame.content, frame);
    this.root.dataset.seq = frame.seq;
    this.root.dataset.state = frame.state;
    this.root.dataset.live = this.tape.live;
  }

  #drawState({ state, said }) {
    const live = this.tape.live;
    const text = live ? (STATES[state] ?? "live ●") : "paused ‖";
    put(this.state, text);
    put(this.said, said);
    this.said.hidden = !said;
    // Only a change of state is read out; frames that come and go aren't.
    const announced = `${text.slice(0, -2)}${said ? `: ${said}` : ""}`;
    if (this.announced !== announced) {
      if (this.announced !== undefined) this.announce(announced);
      this.announced = announced;
    }
  }

  /** Have it read out, when what is read now has come to its end. */
  announce(text) {
    put(this.voice, text);
  }

  // Pause, step, replay.

  #drawControls() {
    const { live, frames } = this.tape;
    const { pause, back, forward, replay } = this.buttons;
    attribute(pause.querySelector("path"), "d", ICONS[live ? "pause" : "live"]);
    attribute(pause, "aria-label", live ? "Pause" : "Go live");
    attribute(pause, "title", live ? "Pause" : "Go live");
    attribute(back, "aria-disabled", this.tape.place <= 1);
    attribute(forward, "aria-disabled", live || this.tape.atEnd);
    attribute(replay, "aria-disabled", frames.length < 2);
    put(this.place, live ? "" : `frame ${this.tape.place} of ${frames.length}`);
  }

  #toggle() {
    this.#halt();
    if (this.tape.live) this.tape.pause();
    else this.tape.resume();
    this.draw();
  }

  #step(by) {
    this.#halt();
    if (by > 0 && this.tape.live) return;
    this.tape.step(by);
    this.draw();
  }

  /** From the first kept frame on, as fast as it was, but without long waits. */
  #replay() {
    this.#halt();
    if (this.tape.frames.length < 2) return;
    this.tape.rewind();
    const next = () => {
      this.draw();
      if (this.tape.atEnd) {
        this.#playing = 0;
        return;
      }
      const now = this.tape.shown.time;
      const after = this.tape.frames[this.tape.place].time;
      this.#playing = setTimeout(
        () => {
          this.tape.step(1);
          next();
        },
        Math.min(Math.max(100, 1000 * (after - now)), 500),
      );
    };
    next();
  }

  #halt() {
    clearTimeout(this.#playing);
    this.#playing = 0;
  }

  #arrowsStep(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by || this.tape.live || hasModifier(event)) return;
    event.preventDefault();
    this.#step(by);
  }

  close() {
    this.#halt();
    cancelAnimationFrame(this.#drawing);
  }
}

const hasModifier = ({ altKey, ctrlKey, metaKey, shiftKey }) => altKey || ctrlKey || metaKey || shiftKey;

// JupyterLab takes keys as commands, and asks the focused element first. Those with Ctrl, Cmd or Shift it may have.
function suppress({ target, ctrlKey, metaKey, shiftKey }) {
  target.toggleAttribute("data-lm-suppress-shortcuts", !(ctrlKey || metaKey || shiftKey));
}

/** Python looks for as long as somebody sees it: it is told how many views there are. Without a kernel nobody listens. */
function tellViews(model, by) {
  model.lkViews = Math.max(0, (model.lkViews ?? 0) + by);
  try {
    model.send({ views: model.lkViews });
  } catch {
    // The kernel that made it is gone, and its thread with it.
  }
}

/** What anywidget calls: shows frames on a board that `make(model)` gives. */
function renderer(make) {
  return ({ model, el }) => {
    const board = make(model);
    const receive = () => board.receive(model.get("frame"), true);
    model.on("change:frame", receive);
    el.append(board.root);
    board.receive(model.get("frame"), false);
    tellViews(model, 1);
    const leavePage = () => tellViews(model, -1);
    window.addEventListener("pagehide", leavePage, { once: true });
    return () => {
      window.removeEventListener("pagehide", leavePage);
      model.off("change:frame", receive);
      tellViews(model, -1);
      board.close();
    };
  };
}
