// Pointers and keys on the picture.

const REACH = 14;  // pixels around a pointer in which a dot is meant
const STEP = 80;

let moving = false;  // whether a drag moves the map, not a rectangle

const nearest = (x, y, reach = REACH) => {
  let best = -1;
  let least = reach * reach;
  for (const row of shownRows) {
    const dx = toX(map.x[row] / NONE) - x;
    const dy = toY(map.y[row] / NONE) - y;
    const far = dx * dx + dy * dy;
    if (far < least) [best, least] = [row, far];
  }
  return best;
};

const inSight = (row) => {
  const x = toX(map.x[row] / NONE);
  const y = toY(map.y[row] / NONE);
  const edge = 12;
  const dx = x < edge ? view.width / 2 - x : x > view.width - edge ? view.width / 2 - x : 0;
  const dy = y < edge ? view.height / 2 - y : y > view.height - edge ? view.height / 2 - y : 0;
  if (dx || dy) pan(dx, dy);
};

const pointAt = (row) => {
  pointed.cursor = row;
  inSight(row);
  if (pointed.corner !== null) spanBrush(row);
  redraw(false);
  tell(describe(row));
};

// The nearest dot in a direction: the way across counts double.
const step = (dx, dy) => {
  if (!shownRows.length) return;
  if (pointed.cursor < 0) {
    pointAt(nearest(view.width / 2, view.height / 2, Infinity));
    return;
  }
  const x = toX(map.x[pointed.cursor] / NONE);
  const y = toY(map.y[pointed.cursor] / NONE);
  let best = -1;
  let least = Infinity;
  for (const row of shownRows) {
    const right = toX(map.x[row] / NONE) - x;
    const down = toY(map.y[row] / NONE) - y;
    const along = right * dx + down * dy;
    const across = Math.abs(right * dy) + Math.abs(down * dx);
    if (along > 0.01 && across <= along && along + 2 * across < least) {
      [best, least] = [row, along + 2 * across];
    }
  }
  if (best < 0) tell('No further dot in this direction.');
  else pointAt(best);
};

const stepRow = (by) => {
  if (!shownRows.length) return;
  const place = shownRows.findIndex((row) => row >= pointed.cursor);
  const here = place < 0 ? shownRows.length : place;
  const exact = shownRows[here] === pointed.cursor;
  const next = by > 0 && !exact ? here : here + by;
  pointAt(shownRows[(next + shownRows.length) % shownRows.length]);
};

const spanBrush = (row) => {
  const [a, b] = [pointed.corner, row].map((one) => [map.x[one] / NONE, map.y[one] / NONE]);
  pointed.brush = [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[0], b[0]), Math.max(a[1], b[1])];
};

// The rectangle by keys: from one dot to another.
const corner = () => {
  if (pointed.cursor < 0) tell('Go to a dot first, with an arrow key.');
  else if (pointed.corner === null) {
    pointed.corner = pointed.cursor;
    spanBrush(pointed.cursor);
    redraw(false);
    tell('A rectangle begins here: go to its other corner and press B.');
  } else {
    spanBrush(pointed.cursor);
    brushTo(pointed.brush);
  }
};

const escape = () => {
  if (opened >= 0) closePanel();
  else if (pointed.brush) brushTo(null);
  else {
    pointed.cursor = -1;
    redraw(false);
  }
};

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS = {
  Enter: () => (pointed.cursor < 0 ? step(0, 1) : openRow(pointed.cursor)),
  Escape: escape,
  '+': () => zoomAtCursor(1.5),
  '=': () => zoomAtCursor(1.5),
  '-': () => zoomAtCursor(1 / 1.5),
  0: () => zoom(1e-9),
  b: corner,
  n: () => stepRow(1),
  p: () => stepRow(-1),
  '/': () => at('map-words')?.focus(),
  c: () => at('map-colour').focus(),
};

const zoomAtCursor = (factor) => {
  if (pointed.cursor < 0) zoom(factor);
  else zoom(factor, toX(map.x[pointed.cursor] / NONE), toY(map.y[pointed.cursor] / NONE));
};

const listenToKeys = () => {
  over.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const arrow = ARROWS[event.key];
    const act = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (arrow && event.shiftKey) pan(-STEP * arrow[0], -STEP * arrow[1]);
    else if (arrow) step(...arrow);
    else if (act) act();
    else return;
    event.preventDefault();
  });
  at('map-room').addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || event.target === over) return;
    if (opened >= 0) closePanel();
    else over.focus();
  });
};

const pointers = new Map();
let drag = null;

const placeOf = (event) => {
  const box = over.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};

const pressed = (event) => {
  pointers.set(event.pointerId, placeOf(event));
  over.setPointerCapture(event.pointerId);
  const [x, y] = placeOf(event);
  drag = pointers.size > 1 ? { pinch: true, far: true } : {
    x, y, last: [x, y], far: false, moves: moving || event.shiftKey || event.button === 1,
    before: pointed.brush,
  };
};

const pinched = (id, now) => {
  const [other] = [...pointers].filter(([held]) => held !== id).map(([, place]) => place);
  const before = pointers.get(id);
  const apart = (place) => Math.hypot(place[0] - other[0], place[1] - other[1]);
  zoom(apart(now) / Math.max(apart(before), 1), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
  pan((now[0] - before[0]) / 2, (now[1] - before[1]) / 2);
};

const dragged = (event) => {
  const [x, y] = placeOf(event);
  if (!pointers.has(event.pointerId)) {
    const hover = nearest(x, y);
    over.style.cursor = hover < 0 ? 'crosshair' : 'pointer';
    if (hover !== pointed.hover) {
      pointed.hover = hover;
      redraw(false);
    }
    return;
  }
  if (pointers.size > 1) pinched(event.pointerId, [x, y]);
  else if (drag && !drag.pinch && (drag.far || Math.hypot(x - drag.x, y - drag.y) > 4)) {
    drag.far = true;
    if (drag.moves) pan(x - drag.last[0], y - drag.last[1]);
    else {
      pointed.brush = [Math.min(x, drag.x), Math.min(y, drag.y), Math.max(x, drag.x), Math.max(y, drag.y)]
        .map((place, i) => (i % 2 ? fromY(place) : fromX(place)));
      redraw(false);
    }
    drag.last = [x, y];
  }
  pointers.set(event.pointerId, [x, y]);
};

const released = (event) => {
  if (!pointers.delete(event.pointerId) || pointers.size) return;
  const [x, y] = placeOf(event);
  if (!drag.far) {
    const row = nearest(x, y);
    if (row >= 0) openRow(row);
    else if (pointed.brush) brushTo(null);
  } else if (!drag.pinch && !drag.moves) brushTo(pointed.brush);
  drag = null;
};

const listenToPointers = () => {
  over.addEventListener('pointerdown', pressed);
  over.addEventListener('pointermove', dragged);
  over.addEventListener('pointerup', released);
  over.addEventListener('pointercancel', (event) => {
    pointers.delete(event.pointerId);
    if (drag && !drag.pinch && !drag.moves) pointed.brush = drag.before;
    drag = null;
    redraw(false);
  });
  over.addEventListener('pointerleave', () => {
    pointed.hover = -1;
    redraw(false);
  });
  // the wheel turns the page until the map is meant: it has the focus, or Ctrl is held
  over.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && document.activeElement !== over) return;
    event.preventDefault();
    const [x, y] = placeOf(event);
    zoom(Math.exp(-Math.max(-200, Math.min(200, event.deltaY)) / 300), x, y);
  }, { passive: false });
  for (const [id, moves] of [['map-select', false], ['map-move', true]]) {
    at(id).addEventListener('click', () => {
      moving = moves;
      over.style.touchAction = 'none';  // from now on a finger means the map, not the page
      at('map-select').setAttribute('aria-pressed', String(!moves));
      at('map-move').setAttribute('aria-pressed', String(moves));
    });
  }
  at('map-in').addEventListener('click', () => zoom(1.5));
  at('map-out').addEventListener('click', () => zoom(1 / 1.5));
  at('map-whole').addEventListener('click', () => zoom(1e-9));
};

// Rows that are listed elsewhere on the page can be opened here.
const linkRows = async () => {
  await whole;
  const cells = [...document.querySelectorAll('main .question th.id')];
  const wanted = new Set(cells.map((cell) => cell.textContent));
  const rows = new Map();
  if (wanted.size) map.ids.forEach((id, row) => wanted.has(id) && rows.set(id, row));
  for (const cell of cells) {
    const row = rows.get(cell.textContent);
    if (row === undefined) continue;
    const button = make('button', { type: 'button', className: 'id' }, cell.textContent);
    button.addEventListener('click', () => {
      at('map-room').scrollIntoView();
      inSight(row);
      openRow(row);
    });
    cell.replaceChildren(button);
  }
};

const start = async () => {
  await readMap();
  at('map-needs').hidden = true;
  at('map-room').hidden = false;
  fit();
  filterRows();
  writeColours();
  drawDots();
  drawOver();
  requestAnimationFrame(() => performance.mark('map-drawn'));
  writeStatus();
  writeLegend();
  listenToKeys();
  listenToPointers();
  prepareSearch();
  new ResizeObserver(() => {
    if (fit()) redraw();
  }).observe(over);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    readColours();
    redraw();
  });
  document.addEventListener('map-revealed', () => {
    side.boxes.forEach((write) => write());
    changed();
  });
  await idle();
  await writeFilters();
  await linkRows();
  performance.mark('map-ready');
};

start().catch((error) => {
  at('map-needs').hidden = false;
  at('map-needs').textContent = `The map cannot be drawn in this browser (${error.message}). The rest of this report does without.`;
});
