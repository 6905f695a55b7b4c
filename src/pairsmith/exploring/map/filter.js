// Which dots are shown: filters of categories, ranges of numbers, members, words.

const filters = { categories: new Map(), ranges: new Map(), members: null, words: null };
const shown = new Uint8Array(count);
let shownRows = [];

const filterRows = () => {
  shown.fill(1);
  for (const [category, wanted] of filters.categories) {
    if (!wanted.size) continue;
    const flags = new Uint8Array(NONE + 1);
    for (const code of wanted) flags[code] = 1;
    for (let i = 0; i < count; i += 1) {
      let some = 0;
      for (let j = category.starts[i]; j < category.starts[i + 1]; j += 1) some |= flags[category.codes[j]];
      shown[i] &= some;
    }
  }
  for (const [number, [low, high]] of filters.ranges) {
    for (let i = 0; i < count; i += 1) {
      shown[i] &= number.values[i] >= low && number.values[i] <= high ? 1 : 0;
    }
  }
  if (filters.members) {
    for (let i = 0; i < count; i += 1) shown[i] &= filters.members.has(map.member[i]) ? 1 : 0;
  }
  if (filters.words) for (let i = 0; i < count; i += 1) shown[i] &= filters.words[i];
  shownRows = [];
  for (let i = 0; i < count; i += 1) if (shown[i]) shownRows.push(i);
};

// What a brush holds, in places of the map from 0 to 1.
const rowsWithin = ([left, top, right, bottom]) => shownRows.filter((row) => {
  const x = map.x[row] / NONE;
  const y = map.y[row] / NONE;
  return x >= left && x <= right && y >= top && y <= bottom;
});

const tally = (category, rows) => {
  const { starts, codes } = category;
  const counts = new Uint32Array(category.names.length);
  for (const row of rows) {
    for (let j = starts[row]; j < starts[row + 1]; j += 1) {
      if (codes[j] !== NONE) counts[codes[j]] += 1;
    }
  }
  return counts;
};

const tallyAll = (category) => {
  const counts = new Uint32Array(category.names.length + 1);
  for (const code of category.codes) if (code !== NONE) counts[code] += 1;
  return counts.subarray(0, category.names.length);
};

// ---- words ---------------------------------------------------------------------------------

let hay = null;  // task and opening of each row in small letters, once they were asked for
let asked = 0;   // the number of the search: an earlier one that still runs gives up

// Words, and phrases in quotation marks; all have to occur.
const wordsOf = (text) => [...text.toLowerCase().matchAll(/"([^"]+)"?|[^\s"]+/g)]
  .map((found) => found[1] || found[0]).filter((word) => word.trim());

const idle = () => new Promise((resolve) => {
  if (window.requestIdleCallback) requestIdleCallback(resolve, { timeout: 200 });
  else setTimeout(resolve, 0);
});

const small = (texts) => texts.filter((text) => text !== null).join('\n').toLowerCase();

const readHay = async (tell) => {
  if (hay) return;
  const read = [];
  for (let place = 0; place < head.words.length - 1; place += 1) {
    for (const texts of await openBlock('words', place)) read.push(small(texts));
    tell(`reading, ${place + 1} of ${head.words.length - 1}`);
    await idle();
  }
  hay = read;
};

// Searches task and opening at once, then the transcripts block by block when there is time.
const search = async (text, deep, tell, changed) => {
  asked += 1;
  const mine = asked;
  const words = wordsOf(text);
  if (!words.length) {
    filters.words = null;
    tell('');
    changed();
    return;
  }
  await readHay(tell);
  if (mine !== asked) return;
  const found = new Uint8Array(count);
  let hits = 0;
  hay.forEach((held, row) => {
    found[row] = words.every((word) => held.includes(word)) ? 1 : 0;
    hits += found[row];
  });
  filters.words = found;
  changed();
  const blocks = deep ? head.transcripts.length - 1 : 0;
  for (let place = 0; place < blocks; place += 1) {
    tell(`${plural(hits)} found; transcripts read: ${place} of ${blocks} blocks`);
    await idle();
    const texts = await openBlock('transcripts', place);
    if (mine !== asked) return;
    texts.forEach((turns, i) => {
      const row = head.transcripts[place] + i;
      if (found[row]) return;
      const held = `${hay[row]}\n${small(turns.slice(1))}`;
      if (words.every((word) => held.includes(word))) {
        found[row] = 1;
        hits += 1;
      }
    });
    if (place % 8 === 7) changed();
  }
  const read = head.transcripts[head.transcripts.length - 1];
  const rest = deep && read < count ? ` The transcripts of ${plural(count - read)} are not in this page.` : '';
  tell(`${plural(hits)} found.${rest}`, true);
  changed();
};
