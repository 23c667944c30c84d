/** Questions with radio buttons: predictions, whose answer is the next cell, and such as are answered at once. */

const CHOOSE = "Choose one, then run the next cell.";
const RECORDED = "Recorded. Now run the next cell.";
const WAITING = "Not recorded yet. If Python isn't busy, run this cell again.";
const LOST = "Not recorded. Run this cell again, and choose then.";
const STANDS = "The answer is out, so this stays as it is.";
const TOO_LATE = "The answer is out. Run this cell again to choose.";

function element(tag, className, html = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.innerHTML = html; // written by Python, which escapes what isn't its own
  return made;
}

/** A fieldset with its radio buttons and a line below, which is read out when it changes. */
function fieldset(question, onChoice) {
  const group = Math.random().toString(36).slice(2); // two groups of one name in a page would be one group
  const set = element("fieldset", "lk-question");
  set.append(element("legend", "lk-prompt", question.prompt));
  const radios = question.choices.map((choice, place) => {
    const label = element("label", "lk-choice");
    const radio = element("input", "lk-radio");
    Object.assign(radio, { type: "radio", name: group, value: place });
    radio.addEventListener("change", () => onChoice(place));
    label.append(radio, element("span", "lk-letter", `${String.fromCharCode(97 + place)}.`), element("span", "", choice.text));
    set.append(label);
    return radio;
  });
  const status = element("p", "lk-status");
  status.setAttribute("aria-live", "polite");
  set.append(status);
  return { set, radios, status };
}

/** Whether the choice could be sent: not after a restart of the kernel, which knows nothing of this question. */
function sent(model, question, choice) {
  try {
    model.send({ question, choice });
    return true;
  } catch {
    return false;
  }
}

/** What Python has counts, and only that: a choice which it didn't take is taken back here. */
function prediction(question, place, model) {
  let waiting;
  const { set, radios, status } = fieldset(question, (choice) => {
    clearTimeout(waiting);
    if (sent(model, place, choice)) waiting = setTimeout(() => (status.textContent = WAITING), 1000);
    else status.textContent = LOST;
  });
  const draw = () => {
    clearTimeout(waiting);
    const chosen = model.get("chosen")[place];
    const locked = model.get("locked");
    radios.forEach((radio, choice) => (radio.checked = choice === chosen));
    set.disabled = locked;
    if (locked) status.textContent = chosen === null ? TOO_LATE : STANDS;
    else status.textContent = chosen === null ? CHOOSE : RECORDED;
  };
  model.on("change:chosen", draw);
  model.on("change:locked", draw);
  draw();
  return set;
}

const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

/** Answered here and at once, as often as one likes; Python keeps the first choice. */
function recalled(question, place, model) {
  const show = (choice) => {
    const right = choice === question.right;
    status.innerHTML = `<strong>${right ? "Right." : "Not this one."}</strong> ${question.choices[choice].why}`;
    status.className = `lk-status ${right ? "lk-right" : "lk-wrong"}`;
  };
  const { set, radios, status } = fieldset(question, (choice) => {
    sent(model, place, choice);
    show(choice);
  });
  // By itself an arrow key chooses what it comes to, and the first choice counts: so it only moves, and space chooses.
  set.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const from = radios.indexOf(document.activeElement);
    radios[(from + step + radios.length) % radios.length].focus();
  });
  const first = model.get("chosen")[place];
  if (first !== null) {
    radios[first].checked = true;
    show(first);
  }
  return set;
}

function render({ model, el }) {
  const root = element("div", "lk-questions");
  // JupyterLab takes keys as commands: arrows move between cells, letters add some. It asks the focused element first.
  // Those with Ctrl, Cmd or Shift it may have: to save, to run.
  const suppress = ({ target, ctrlKey, metaKey, shiftKey }) => {
    target.toggleAttribute("data-lm-suppress-shortcuts", !(ctrlKey || metaKey || shiftKey));
  };
  for (const type of ["focusin", "keydown", "keyup"]) root.addEventListener(type, suppress);
  model.get("questions").forEach((question, place) => {
    root.append("right" in question ? recalled(question, place, model) : prediction(question, place, model));
  });
  el.append(root);
}

export default { render };
