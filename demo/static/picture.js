// Pictures: pixels as a canvas, files as bitmaps, and their place and colours on the pad.

const EDGE = 8;

export function paint(canvas, pixels) {
  canvas.height = pixels.length;
  canvas.width = pixels[0].length;
  const colours = pixels.flat().flatMap((pixel) => [...(Array.isArray(pixel) ? pixel : [pixel, pixel, pixel]), 255]);
  canvas.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(colours), canvas.width), 0, 0);
}

export function read(file) {
  return createImageBitmap(file).catch(() => {
    throw new Error(`${file.name} is not a picture that can be read; PNG and JPEG can.`);
  });
}

// As large as fits into a square, centred; pixels stay whole and sharp where they are enlarged.
export function fit(picture, size) {
  const most = Math.min(size / picture.width, size / picture.height);
  const scale = most > 1 ? Math.floor(most) : most;
  const [width, height] = [scale * picture.width, scale * picture.height];
  return { place: [(size - width) / 2, (size - height) / 2, width, height], smooth: scale < 1 };
}

// The ground around a picture has the mean colour of its edges; ink is black or white, whichever is visible on that.
export function colours(picture) {
  const context = new OffscreenCanvas(EDGE, EDGE).getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, EDGE, EDGE);
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, EDGE, EDGE);
  const { data } = context.getImageData(0, 0, EDGE, EDGE);
  const outer = (at) => [at % EDGE, Math.floor(at / EDGE)].some((side) => side === 0 || side === EDGE - 1);
  const edge = Array.from({ length: EDGE * EDGE }, (_, at) => at).filter(outer);
  const ground = [0, 1, 2].map((channel) => edge.reduce((sum, at) => sum + data[4 * at + channel], 0) / edge.length);
  return { ground: `rgb(${ground.join(" ")})`, ink: Math.max(...ground) < 128 ? "white" : "black" };
}
