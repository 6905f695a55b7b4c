// What the page holds: columns of the dots, names, texts in blocks that are opened when asked for.

const NONE = 65535;
const at = (id) => document.getElementById(id);

const make = (tag, values = {}, ...inside) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(values)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...inside);  // strings become text, never markup
  return element;
};

const inflate = async (base64) => {
  const packed = atob(base64);
  const bytes = new Uint8Array(packed.length);
  for (let i = 0; i < packed.length; i += 1) bytes[i] = packed.charCodeAt(i);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Response(stream).arrayBuffer();
};

const inflateJson = async (base64) => JSON.parse(new TextDecoder().decode(await inflate(base64)));

const head = JSON.parse(at('map-head').textContent);
const count = head.rows;
const map = { numbers: [], categories: [], members: [], ids: [] };

const readColumns = (buffer) => {
  let place = 0;
  let counts = null;
  for (const column of head.columns) {
    const size = column.type === 'f4' ? 4 : 2;
    const part = buffer.slice(place, place + size * column.length);
    place += size * column.length;
    const values = size === 4 ? new Float32Array(part) : new Uint16Array(part);
    if (column.role === 'number') map.numbers.push({ name: column.name, values });
    else if (column.role === 'counts') counts = values;
    else if (column.role === 'category') {
      const starts = new Uint32Array(count + 1);
      for (let i = 0; i < count; i += 1) starts[i + 1] = starts[i] + (counts ? counts[i] : 1);
      map.categories.push({
        name: column.name, codes: values, starts, many: counts !== null, hidden: column.hidden,
      });
      counts = null;
    } else map[column.role] = values;
  }
};

const readMap = async () => {
  const [columns, names] = await Promise.all([
    inflate(at('map-columns').textContent), inflateJson(at('map-names').textContent),
  ]);
  readColumns(columns);
  map.categories.forEach((category, i) => { category.names = names.names[i]; });
  map.members = names.members;
  map.ids = names.ids;
  map.hasSuccess = map.success.some((value) => value !== NONE);
};

// The codes of a row: at most one, or several.
const codesOf = (category, row) => {
  const found = [];
  for (let i = category.starts[row]; i < category.starts[row + 1]; i += 1) {
    if (category.codes[i] !== NONE) found.push(category.codes[i]);
  }
  return found;
};

let revealed = false;  // texts are hidden until asked for, once for each view of the page

const nameOf = (category, code) => {
  const name = category.names[code];
  return category.hidden && !revealed ? `${category.name} ${name.split(':', 1)[0]}` : name;
};

const digits = (value, places = 0) => value.toLocaleString('en-GB', { maximumFractionDigits: places })
  .replace('-', '−');
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const plural = (many, word = head.what) => `${digits(many)} ${word}${many === 1 ? '' : 's'}`;

// Wilson's interval of a share, at 95 %.
const wilson = (hits, rows) => {
  const z = 1.959963984540054;
  const share = hits / rows;
  const middle = share + z * z / (2 * rows);
  const half = z * Math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows));
  const part = 1 + z * z / rows;
  return [share, hits ? (middle - half) / part : 0, hits < rows ? (middle + half) / part : 1];
};

const rateOf = (rows) => {
  let hits = 0;
  let rated = 0;
  for (const row of rows) {
    if (map.success[row] === NONE) continue;
    rated += 1;
    hits += map.success[row];
  }
  if (!rated) return map.hasSuccess ? 'none of them is rated' : '';
  const [share, low, high] = wilson(hits, rated);
  const of = rated === rows.length ? '' : ` of ${digits(rated)} rated`;
  return `${percent(share)}${of} succeeded (${percent(low)} to ${percent(high)})`;
};

// Blocks of texts lie at the end of the page, which may not have come yet.
const whole = new Promise((resolve) => {
  if (document.readyState !== 'loading') resolve();
  else document.addEventListener('DOMContentLoaded', () => resolve());
});

const openBlock = async (kind, place) => {
  await whole;
  return inflateJson(at(`map-${kind}-${place}`).textContent);
};

const kept = { words: new Map(), transcripts: new Map() };  // the blocks opened last

const textOf = async (kind, row) => {
  const starts = head[kind];
  const place = starts.findLastIndex((start) => start <= row);
  if (place < 0 || place >= starts.length - 1) return null;
  if (!kept[kind].has(place)) {
    if (kept[kind].size > 3) kept[kind].clear();
    kept[kind].set(place, await openBlock(kind, place));
  }
  return kept[kind].get(place)[row - starts[place]];
};

// Characters that are not drawn, or turn others round, are shown as what they are.
const clean = (text) => text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu, (found) => {
  if ('\n\t\u200c\u200d'.includes(found)) return found;
  const code = found.codePointAt(0);
  return code < 32 ? String.fromCharCode(0x2400 + code) : `\\u${code.toString(16).padStart(4, '0')}`;
});
