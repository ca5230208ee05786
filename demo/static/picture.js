// Images: draw pixels on a canvas, read files as bitmaps, and fit both to the pad.

const SIDE = 8; // pixels, of the reduced image whose edge gives the colours

export function paint(canvas, pixels) {
  canvas.height = pixels.length;
  canvas.width = pixels[0].length;
  const colours = pixels.flat().flatMap((pixel) => [...(Array.isArray(pixel) ? pixel : [pixel, pixel, pixel]), 255]);
  canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(colours), canvas.width), 0, 0);
}

export function read(file) {
  return createImageBitmap(file).catch(() => {
    throw new Error(`${file.name} cannot be read as an image; use a PNG or JPEG file.`);
  });
}

// Scale to fit a square, centred. Enlarge by whole factors only, so that pixels stay sharp.
export function fit(image, size) {
  const maxScale = Math.min(size / image.width, size / image.height);
  const scale = maxScale > 1 ? Math.floor(maxScale) : maxScale;
  const [width, height] = [scale * image.width, scale * image.height];
  return { box: [(size - width) / 2, (size - height) / 2, width, height], smooth: scale < 1 };
}

// Choose the mean colour of the image's edges as background, and the ink, black or white, that is visible on it.
export function colours(image) {
  const context = new OffscreenCanvas(SIDE, SIDE).getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, SIDE, SIDE);
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, SIDE, SIDE);
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  const isEdge = (index) => [index % SIDE, Math.floor(index / SIDE)].some((k) => k === 0 || k === SIDE - 1);
  const edge = Array.from({ length: SIDE * SIDE }, (_, index) => index).filter(isEdge);
  const mean = (channel) => edge.reduce((sum, index) => sum + data[4 * index + channel], 0) / edge.length;
  const rgb = [0, 1, 2].map(mean);
  return { background: `rgb(${rgb.join(" ")})`, ink: Math.max(...rgb) < 128 ? "white" : "black" };
}
