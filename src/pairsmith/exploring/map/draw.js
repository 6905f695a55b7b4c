// The picture: all dots as pixels of one image, drawn anew for each view; on it what is pointed at.

const base = at('map-dots');
const over = at('map-over');
const view = { scale: 1, x: 0, y: 0, width: 0, height: 0, dense: 1 };
const DOTS = 8;  // as many colours are told apart; what is rarer is grey
const BINS = 7;
const paint = { of: null, index: new Uint8Array(count), colours: [], chosen: new Set(), entries: [] };
const pointed = { cursor: -1, hover: -1, brush: null, corner: null };

const colourOf = (() => {
  const pixel = make('canvas', { width: 1, height: 1 }).getContext('2d', { willReadFrequently: true });
  return (name) => {
    pixel.fillStyle = getComputedStyle(over).getPropertyValue(name).trim();
    pixel.fillRect(0, 0, 1, 1);
    return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
})();

const readColours = () => {
  const scale = paint.of && paint.of.values ? 'bin' : 'dot';
  const many = scale === 'bin' ? BINS : DOTS;
  paint.colours = Array.from({ length: many }, (_, i) => colourOf(`--${scale}-${i + 1}`));
  paint.colours[DOTS] = colourOf('--dot-other');
  paint.page = colourOf('--raised');
  paint.faint = colourOf('--dot-faint');
  paint.ink = getComputedStyle(over).getPropertyValue('--ink');
};

// By a category: the most frequent names have colours, in the order of their names.
const paintCategory = (category) => {
  const counts = tallyAll(category);
  const frequent = [...counts.keys()].filter((code) => counts[code])
    .sort((a, b) => counts[b] - counts[a] || a - b).slice(0, DOTS).sort((a, b) => a - b);
  const place = new Uint8Array(category.names.length).fill(DOTS);
  frequent.forEach((code, i) => { place[code] = i; });
  for (let i = 0; i < count; i += 1) {
    let best = DOTS;
    for (let j = category.starts[i]; j < category.starts[i + 1]; j += 1) {
      if (category.codes[j] !== NONE) best = Math.min(best, place[category.codes[j]]);
    }
    paint.index[i] = best;
  }
  paint.entries = frequent.map((code, i) => ({ colour: i, name: () => nameOf(category, code) }));
  if (paint.index.includes(DOTS)) {
    paint.entries.push({ colour: DOTS, name: () => 'another, or none' });
  }
};

// By a number: each value if they are few, else parts with equally many rows.
const paintNumber = ({ values }) => {
  const known = values.filter((value) => !Number.isNaN(value)).sort();
  const different = new Set(known);
  let edges;
  if (different.size <= BINS) edges = [...different];
  else edges = [...new Set(Array.from({ length: BINS }, (_, i) => known[Math.floor(i * known.length / BINS)]))];
  const top = known[known.length - 1];
  const low = edges.length < 2 ? 0 : (BINS - 1) / (edges.length - 1);
  const colour = (bin) => Math.round(bin * low);
  for (let i = 0; i < count; i += 1) {
    paint.index[i] = Number.isNaN(values[i]) ? DOTS
      : colour(Math.max(0, edges.findLastIndex((edge) => edge <= values[i])));
  }
  paint.entries = edges.map((edge, i) => ({
    colour: colour(i),
    name: () => {
      if (different.size <= BINS) return digits(edge, 2);
      return i + 1 < edges.length ? `${digits(edge, 2)} to under ${digits(edges[i + 1], 2)}`
        : `${digits(edge, 2)} to ${digits(top, 2)}`;
    },
  }));
  if (paint.index.includes(DOTS)) paint.entries.push({ colour: DOTS, name: () => 'none' });
};

const paintBy = (what) => {
  paint.of = what;
  paint.chosen.clear();
  if (what.values) paintNumber(what);
  else paintCategory(what);
  readColours();
};

const toX = (x) => (x * view.width * view.scale) + view.x;
const toY = (y) => (y * view.height * view.scale) + view.y;
const fromX = (x) => (x - view.x) / (view.width * view.scale);
const fromY = (y) => (y - view.y) / (view.height * view.scale);
const radius = () => {
  const room = Math.sqrt(view.width * view.height / Math.max(count, 1));
  return Math.min(7, Math.min(4, Math.max(1.4, room * 0.22)) * view.scale ** 0.4);
};

// The pixels that a dot covers: those it covers wholly, and those at its edge with how much, to 256.
const stampOf = (size) => {
  const reach = Math.ceil(size);
  const full = [];
  const edge = [];
  const covers = [];
  for (let y = -reach; y <= reach; y += 1) {
    for (let x = -reach; x <= reach; x += 1) {
      const cover = Math.round(256 * Math.max(0, Math.min(1, size + 0.5 - Math.hypot(x, y))));
      if (cover === 256) full.push(y * base.width + x);
      else if (cover) {
        edge.push(y * base.width + x);
        covers.push(cover);
      }
    }
  }
  return { reach, full: Int32Array.from(full), edge: Int32Array.from(edge), covers: Int32Array.from(covers) };
};

const packed = ([r, g, b]) => 0xff000000 | (b << 16) | (g << 8) | r;

let image = null;
let pixels = null;

// Draws rows in the colours of `colours` by `paint.index`, or all of them in the first one.
const stampDots = (rows, colours, { reach, full, edge, covers }) => {
  const { width, height } = base;
  const { x: xs, y: ys } = map;
  const sx = width * view.scale / NONE;
  const sy = height * view.scale / NONE;
  const dx = view.x * view.dense;
  const dy = view.y * view.dense;
  const one = colours.length === 1;
  for (let k = 0; k < rows.length; k += 1) {
    const row = rows[k];
    const x = (xs[row] * sx + dx) | 0;
    const y = (ys[row] * sy + dy) | 0;
    if (x < reach || y < reach || x >= width - reach || y >= height - reach) continue;
    const colour = colours[one ? 0 : paint.index[row]];
    const middle = y * width + x;
    for (let s = 0; s < full.length; s += 1) pixels[middle + full[s]] = colour;
    const r = colour & 255;
    const g = (colour >> 8) & 255;
    const b = (colour >> 16) & 255;
    for (let s = 0; s < edge.length; s += 1) {
      const place = middle + edge[s];
      const cover = covers[s];
      const old = pixels[place];
      const or = old & 255;
      const og = (old >> 8) & 255;
      const ob = (old >> 16) & 255;
      pixels[place] = 0xff000000 | ((ob + (((b - ob) * cover) >> 8)) << 16)
        | ((og + (((g - og) * cover) >> 8)) << 8) | (or + (((r - or) * cover) >> 8));
    }
  }
};

const drawDots = () => {
  if (!base.width || !base.height) return;
  if (!image || image.width !== base.width || image.height !== base.height) {
    image = new ImageData(base.width, base.height);
    pixels = new Uint32Array(image.data.buffer);
  }
  pixels.fill(packed(paint.page));
  const stamp = stampOf(radius() * view.dense);
  const faint = Int32Array.of(packed(paint.faint));
  const colours = Int32Array.from(Array.from({ length: DOTS + 1 }, (_, i) => packed(paint.colours[i] || paint.faint)));
  if (shownRows.length < count) {
    const rest = [];
    for (let i = 0; i < count; i += 1) if (!shown[i]) rest.push(i);
    stampDots(rest, faint, stamp);
  }
  if (!paint.chosen.size) stampDots(shownRows, colours, stamp);
  else {
    const front = (row) => paint.chosen.has(paint.index[row]);
    stampDots(shownRows.filter((row) => !front(row)), faint, stamp);
    stampDots(shownRows.filter(front), colours, stamp);
  }
  base.getContext('2d', { alpha: false, willReadFrequently: true }).putImageData(image, 0, 0);
};

const ring = (context, row, size) => {
  context.beginPath();
  context.arc(toX(map.x[row] / NONE), toY(map.y[row] / NONE), size, 0, 2 * Math.PI);
  context.stroke();
};

const drawOver = () => {
  const context = over.getContext('2d');
  context.setTransform(view.dense, 0, 0, view.dense, 0, 0);
  context.clearRect(0, 0, view.width, view.height);
  context.strokeStyle = paint.ink;
  context.fillStyle = paint.ink;
  context.lineWidth = 1.5;
  if (pointed.brush) {
    const [left, top, right, bottom] = pointed.brush;
    const box = [toX(left), toY(top), toX(right) - toX(left), toY(bottom) - toY(top)];
    context.globalAlpha = 0.08;
    context.fillRect(...box);
    context.globalAlpha = 1;
    context.setLineDash([5, 3]);
    context.strokeRect(...box);
    context.setLineDash([]);
  }
  if (pointed.hover >= 0) ring(context, pointed.hover, radius() + 3);
  context.lineWidth = 2.5;
  if (pointed.cursor >= 0) ring(context, pointed.cursor, radius() + 5);
};

let waiting = 0;  // 1: what is pointed at has to be drawn, 2: the dots too

const redraw = (dots = true) => {
  if (!waiting) {
    requestAnimationFrame(() => {
      const all = waiting === 2;
      waiting = 0;
      if (all) drawDots();
      drawOver();
    });
  }
  waiting = Math.max(waiting, dots ? 2 : 1);
};

// Fits the canvases to the room they have; whether that has changed.
const fit = () => {
  const { width, height } = over.getBoundingClientRect();
  const dense = Math.min(window.devicePixelRatio || 1, 2);
  if (!width || !height || (width === view.width && height === view.height && dense === view.dense)) return false;
  const [wide, high] = [width / (view.width || width), height / (view.height || height)];
  Object.assign(view, { x: view.x * wide, y: view.y * high, width, height, dense });
  for (const canvas of [base, over]) {
    canvas.width = Math.round(width * view.dense);
    canvas.height = Math.round(height * view.dense);
  }
  return true;
};

// Never further than the map reaches: a little of it always stays in sight.
const hold = () => {
  const keep = (place, size) => Math.min(size * 0.8, Math.max(size * 0.2 - size * view.scale, place));
  view.x = keep(view.x, view.width);
  view.y = keep(view.y, view.height);
};

const zoom = (factor, x = view.width / 2, y = view.height / 2) => {
  const scale = Math.min(60, Math.max(1, view.scale * factor));
  view.x = x - (x - view.x) * scale / view.scale;
  view.y = y - (y - view.y) * scale / view.scale;
  view.scale = scale;
  if (scale === 1) Object.assign(view, { x: 0, y: 0 });
  hold();
  redraw();
};

const pan = (dx, dy) => {
  view.x += dx;
  view.y += dy;
  hold();
  redraw();
};
