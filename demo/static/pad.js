// The pad: strokes by pointer or keys, and pictures. A "change" event comes in the frame that shows the change.

import { make } from "./elements.js";
import { colours, fit } from "./picture.js";

const SIZE = 280; // units, and pixels of the image that is sent, whatever the screen
const SHARPNESS = 3; // pixels per unit on the screen
const NEAR = 1.5; // units; a shorter movement adds no point
const STEP = 7; // units, of an arrow key
const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

export class Pad extends EventTarget {
  width = 20;
  blank = true; // as shown, like the caption
  caption = "";
  #sheets = [empty()]; // the last is shown; clearing adds an empty one, which undo removes
  #stroke = null; // while the pen is down
  #pen = [SIZE / 2, SIZE / 2]; // the keyboard's
  #frame = null;
  #canvas;
  #marker;
  #screen;
  #copy;

  constructor(canvas, marker) {
    super();
    this.#canvas = canvas;
    this.#marker = marker;
    canvas.width = canvas.height = SIZE * SHARPNESS;
    this.#screen = canvas.getContext("2d");
    this.#screen.scale(SHARPNESS, SHARPNESS);
    const copy = make("canvas", { width: SIZE, height: SIZE });
    this.#copy = copy.getContext("2d", { willReadFrequently: true });
    for (const context of [this.#screen, this.#copy]) context.lineCap = context.lineJoin = "round";
    this.#listenToPointer();
    this.#listenToKeys();
    this.#render();
  }

  get #sheet() {
    return this.#sheets.at(-1);
  }

  // A test image as its pixels, anything else as a PNG. toBlob would wait a frame or two for an idle moment.
  question() {
    const { pixels, strokes } = this.#sheet;
    if (pixels && !strokes.length) return new Blob([JSON.stringify({ pixels })], { type: "application/json" });
    const text = atob(this.#copy.canvas.toDataURL().split(",")[1]);
    return new Blob([Uint8Array.from(text, (byte) => byte.charCodeAt())], { type: "image/png" });
  }

  show(picture, caption, pixels) {
    this.#take({ ...empty(), picture, caption, pixels, ...fit(picture, SIZE), ...colours(picture) });
  }

  clear() {
    if (!isEmpty(this.#sheet)) this.#take(empty());
  }

  undo() {
    this.#lift();
    if (!this.#sheet.strokes.pop() && this.#sheets.length > 1) this.#sheets.pop();
    this.#changed();
  }

  #take(sheet) {
    this.#lift();
    this.#sheets.push(sheet);
    this.#changed();
  }

  #start(point) {
    this.#stroke = { width: this.width, points: [point] };
    this.#sheet.strokes.push(this.#stroke);
    this.#mark();
    this.#changed();
  }

  #extend(point) {
    const [x, y] = this.#stroke.points.at(-1);
    if (Math.hypot(point[0] - x, point[1] - y) < NEAR) return;
    this.#stroke.points.push(point);
    this.#changed();
  }

  #lift() {
    this.#stroke = null;
    this.#mark();
  }

  #listenToPointer() {
    const canvas = this.#canvas;
    canvas.addEventListener("pointerdown", (event) => {
      if (!event.isPrimary || event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.#start(this.#places([event])[0]);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.#stroke || !canvas.hasPointerCapture(event.pointerId)) return;
      // Browsers give all points between two frames only to pages from localhost or over https.
      const events = event.getCoalescedEvents?.() ?? [];
      for (const place of this.#places(events.length ? events : [event])) this.#extend(place);
    });
    canvas.addEventListener("lostpointercapture", () => this.#lift());
  }

  #places(events) {
    const { left, top, width } = this.#canvas.getBoundingClientRect();
    return events.map(({ clientX, clientY }) => [((clientX - left) * SIZE) / width, ((clientY - top) * SIZE) / width]);
  }

  #listenToKeys() {
    const held = new Set();
    const keys = { " ": () => this.#toggle(), Delete: () => this.clear(), Escape: () => this.clear() };
    this.#canvas.addEventListener("keydown", (event) => {
      if (event.key in ARROWS) {
        held.add(event.key);
        this.#move(held);
      } else if (event.key in keys) {
        if (!event.repeat) keys[event.key]();
      } else return;
      event.preventDefault();
    });
    this.#canvas.addEventListener("keyup", (event) => held.delete(event.key));
    this.#canvas.addEventListener("blur", () => {
      held.clear();
      this.#lift();
    });
    this.#mark();
  }

  #toggle() {
    if (this.#stroke) this.#lift();
    else this.#start([...this.#pen]);
  }

  #move(held) {
    for (const key of held) {
      this.#pen = this.#pen.map((place, axis) => Math.min(SIZE, Math.max(0, place + ARROWS[key][axis])));
    }
    if (this.#stroke) this.#extend([...this.#pen]);
    this.#mark();
  }

  #mark() {
    const [left, top] = this.#pen.map((place) => `${(100 * place) / SIZE}%`);
    Object.assign(this.#marker.style, { left, top });
    this.#marker.classList.toggle("down", this.#stroke !== null);
    const said = this.#stroke ? "Pen down" : "Pen up";
    if (this.#marker.textContent !== said) this.#marker.textContent = said;
  }

  #changed() {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      this.#render();
      this.dispatchEvent(new Event("change"));
    });
  }

  #render() {
    const sheet = this.#sheet;
    const { picture, place, smooth, ground, ink, strokes } = sheet;
    for (const context of [this.#screen, this.#copy]) {
      context.fillStyle = ground;
      context.fillRect(0, 0, SIZE, SIZE);
      context.imageSmoothingEnabled = smooth;
      context.imageSmoothingQuality = "high";
      if (picture) context.drawImage(picture, ...place);
      context.strokeStyle = ink;
      for (const stroke of strokes) trace(context, stroke);
    }
    this.blank = isEmpty(sheet);
    this.caption = sheet.caption;
    this.#canvas.classList.toggle("picture", Boolean(picture));
  }
}

const empty = () => ({ strokes: [], ground: "white", ink: "black", caption: "" });

const isEmpty = ({ picture, strokes }) => !picture && !strokes.length;

// A quadratic curve through the midpoints, with the points as its control points.
function trace(context, { width, points }) {
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(...points[0]);
  for (const [at, [x, y]] of points.slice(1, -1).entries()) {
    const [nextX, nextY] = points[at + 2];
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  }
  const [x, y] = points.at(-1);
  context.lineTo(x + 0.01, y); // a dot: a line without length would not be drawn
  context.stroke();
}
