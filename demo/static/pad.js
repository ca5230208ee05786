// The pad: strokes by pointer or keyboard, and images. Dispatches "change" in the frame that shows the change.

import { make } from "./elements.js";
import { colours, fit } from "./picture.js";

const SIZE = 280; // units; also the pixels of the image that is sent, on every screen
const PIXELS_PER_UNIT = 3; // on the screen
const MIN_DISTANCE = 1.5; // units between two points of a stroke
const STEP = 7; // units per arrow key
const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };

export class Pad extends EventTarget {
  width = 20;
  isBlank = true; // of the frame on the screen, like the caption
  caption = "";
  #sheets = [emptySheet()]; // the last is shown; clearing adds an empty sheet, which undo removes
  #stroke = null; // while the pen is down
  #pen = [SIZE / 2, SIZE / 2]; // moved by the keyboard
  #frame = null;
  #canvas;
  #marker;
  #screen;
  #copy;

  constructor(canvas, marker) {
    super();
    this.#canvas = canvas;
    this.#marker = marker;
    canvas.width = canvas.height = SIZE * PIXELS_PER_UNIT;
    this.#screen = canvas.getContext("2d");
    this.#screen.scale(PIXELS_PER_UNIT, PIXELS_PER_UNIT);
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

  // Returns a test image as its pixels, anything else as a PNG. canvas.toBlob would wait a frame or two until idle.
  toBlob() {
    const { pixels, strokes } = this.#sheet;
    if (pixels && !strokes.length) return new Blob([JSON.stringify({ pixels })], { type: "application/json" });
    const text = atob(this.#copy.canvas.toDataURL().split(",")[1]);
    return new Blob([Uint8Array.from(text, (byte) => byte.charCodeAt())], { type: "image/png" });
  }

  show(image, caption, pixels) {
    this.#add({ ...emptySheet(), image, caption, pixels, ...fit(image, SIZE), ...colours(image) });
  }

  clear() {
    if (!isEmpty(this.#sheet)) this.#add(emptySheet());
  }

  undo() {
    this.#lift();
    if (!this.#sheet.strokes.pop() && this.#sheets.length > 1) this.#sheets.pop();
    this.#changed();
  }

  #add(sheet) {
    this.#lift();
    this.#sheets.push(sheet);
    this.#changed();
  }

  #start(point) {
    this.#stroke = { width: this.width, points: [point] };
    this.#sheet.strokes.push(this.#stroke);
    this.#updateMarker();
    this.#changed();
  }

  #extend(point) {
    const [x, y] = this.#stroke.points.at(-1);
    if (Math.hypot(point[0] - x, point[1] - y) < MIN_DISTANCE) return;
    this.#stroke.points.push(point);
    this.#changed();
  }

  #lift() {
    this.#stroke = null;
    this.#updateMarker();
  }

  #listenToPointer() {
    const canvas = this.#canvas;
    canvas.addEventListener("pointerdown", (event) => {
      if (!event.isPrimary || event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.#start(this.#points([event])[0]);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.#stroke || !canvas.hasPointerCapture(event.pointerId)) return;
      // Browsers report all points between two frames only to pages from localhost or over https.
      const events = event.getCoalescedEvents?.() ?? [];
      for (const point of this.#points(events.length ? events : [event])) this.#extend(point);
    });
    canvas.addEventListener("lostpointercapture", () => this.#lift());
  }

  #points(events) {
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
    this.#updateMarker();
  }

  #toggle() {
    if (this.#stroke) this.#lift();
    else this.#start([...this.#pen]);
  }

  #move(held) {
    for (const key of held) {
      this.#pen = this.#pen.map((value, axis) => Math.min(SIZE, Math.max(0, value + ARROWS[key][axis])));
    }
    if (this.#stroke) this.#extend([...this.#pen]);
    this.#updateMarker();
  }

  #updateMarker() {
    const [left, top] = this.#pen.map((value) => `${(100 * value) / SIZE}%`);
    Object.assign(this.#marker.style, { left, top });
    this.#marker.classList.toggle("down", this.#stroke !== null);
    const state = this.#stroke ? "Pen down" : "Pen up";
    if (this.#marker.textContent !== state) this.#marker.textContent = state;
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
    const { image, box, smooth, background, ink, strokes } = sheet;
    for (const context of [this.#screen, this.#copy]) {
      context.fillStyle = background;
      context.fillRect(0, 0, SIZE, SIZE);
      context.imageSmoothingEnabled = smooth;
      context.imageSmoothingQuality = "high";
      if (image) context.drawImage(image, ...box);
      context.strokeStyle = ink;
      for (const stroke of strokes) drawStroke(context, stroke);
    }
    this.isBlank = isEmpty(sheet);
    this.caption = sheet.caption;
    this.#canvas.classList.toggle("image", Boolean(image));
  }
}

const emptySheet = () => ({ strokes: [], background: "white", ink: "black", caption: "" });

const isEmpty = ({ image, strokes }) => !image && !strokes.length;

// Draws quadratic curves through the midpoints, with the points as control points.
function drawStroke(context, { width, points }) {
  context.lineWidth = width;
  context.beginPath();
  context.moveTo(...points[0]);
  for (const [index, [x, y]] of points.slice(1, -1).entries()) {
    const [nextX, nextY] = points[index + 2];
    context.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  }
  const [x, y] = points.at(-1);
  context.lineTo(x + 0.01, y); // draws a dot, too: a line without length would be invisible
  context.stroke();
}
