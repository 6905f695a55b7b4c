// What stands beside the picture: colours with their counts, filters, what is shown, what is brushed.

const LISTED = 60;
const side = { entries: [], boxes: [] };
let pending = false;

const writeStatus = () => {
  const rate = rateOf(shownRows);
  const of = head.total === count ? '' : `, a sample of ${digits(head.total)}`;
  at('map-status').textContent = `${digits(shownRows.length)} of ${plural(count)}${of} shown${rate ? `; ${rate}` : ''}.`;
};

const writeLegend = () => {
  const counts = new Uint32Array(DOTS + 1);
  for (const row of shownRows) counts[paint.index[row]] += 1;
  const list = at('map-legend');
  list.replaceChildren(...paint.entries.map((entry) => {
    const name = entry.colour === DOTS ? '--dot-other' : `--${paint.of.values ? 'bin' : 'dot'}-${entry.colour + 1}`;
    const swatch = make('span', { className: 'swatch' });
    swatch.style.background = `var(${name})`;
    const button = make('button', { type: 'button' }, swatch, `${entry.name()} `,
      make('span', { className: 'quiet' }, digits(counts[entry.colour])));
    button.setAttribute('aria-pressed', String(paint.chosen.has(entry.colour)));
    button.addEventListener('click', () => {
      if (!paint.chosen.delete(entry.colour)) paint.chosen.add(entry.colour);
      for (const [i, other] of paint.entries.entries()) {
        list.children[i].firstChild.setAttribute('aria-pressed', String(paint.chosen.has(other.colour)));
      }
      redraw();
    });
    return make('li', {}, button);
  }));
  at('map-several').hidden = !paint.of.many;
};

const openers = (rows) => make('ul', { className: 'map-ids' }, ...rows.slice(0, LISTED).map((row) => {
  const button = make('button', { type: 'button', className: 'id' }, map.ids[row]);
  button.addEventListener('click', () => openRow(row));
  return make('li', {}, button);
}));

// What is more frequent in the rectangle than among all that is shown.
const frequentIn = (rows) => map.categories.filter(({ name }) => name !== 'outcome').flatMap((category) => {
  const here = tally(category, rows);
  const all = tally(category, shownRows);
  return [...here.keys()].filter((code) => here[code]).map((code) => ({
    name: `${category.name}: ${nameOf(category, code)}`,
    here: here[code], share: here[code] / rows.length, all: all[code] / shownRows.length,
  }));
}).filter(({ share, all }) => share > all)
  .sort((a, b) => (b.share - b.all) - (a.share - a.all)).slice(0, 6);

const cells = (tag, ...values) => values.map((value, i) => make(tag, i ? { className: 'n' } : {}, value));

const writeBrushed = () => {
  const room = at('map-brushed');
  room.hidden = !pointed.brush;
  if (!pointed.brush) {
    room.replaceChildren();
    return;
  }
  const rows = rowsWithin(pointed.brush);
  const members = new Set(rows.map((row) => map.member[row]).filter((member) => member !== NONE));
  const by = members.size ? ` by ${plural(members.size, 'member')}` : '';
  const rate = rows.length ? rateOf(rows) : '';
  const sentence = `In the rectangle: ${plural(rows.length)}${by}${rate ? `; ${rate}` : ''}.`;
  const clear = make('button', { type: 'button' }, 'Take the rectangle away');
  clear.addEventListener('click', () => brushTo(null));
  room.replaceChildren(make('p', { role: 'status' }, sentence), clear);
  tell(sentence);
  if (!rows.length) return;
  const more = frequentIn(rows);
  if (more.length) {
    room.append(make('div', { className: 'wide', tabIndex: 0, role: 'region', 'aria-label': 'More frequent in the rectangle' },
      make('table', {}, make('caption', {}, 'More frequent in the rectangle'),
        make('thead', {}, make('tr', {}, ...cells('th', 'what', 'rows', 'here', 'of all shown'))),
        make('tbody', {}, ...more.map((one) => make('tr', {},
          ...cells('td', one.name, digits(one.here), percent(one.share), percent(one.all))))))));
  }
  const first = rows.length > LISTED ? `The first ${LISTED} rows` : 'The rows';
  room.append(make('h3', {}, `${first}, to open`), openers(rows));
  const ids = make('textarea', { readOnly: true, rows: 4, value: rows.map((row) => map.ids[row]).join('\n') });
  ids.setAttribute('aria-label', 'All ids in the rectangle');
  room.append(make('details', { className: 'more' },
    make('summary', {}, `All ${plural(rows.length, 'id')}, to copy`), make('div', { className: 'inside' }, ids)));
};

const refresh = () => {
  filterRows();
  writeStatus();
  writeLegend();
  writeBrushed();
  redraw();
};

const changed = () => {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => {
    pending = false;
    refresh();
  });
};

const brushTo = (brush) => {
  pointed.brush = brush;
  pointed.corner = null;
  writeBrushed();
  redraw(false);
};

const choiceOf = (category) => {
  const wanted = new Set();
  filters.categories.set(category, wanted);
  const counts = tallyAll(category);
  const boxes = category.names.map((_, code) => {
    const box = make('input', { type: 'checkbox' });
    box.addEventListener('change', () => {
      if (box.checked) wanted.add(code);
      else wanted.delete(code);
      changed();
    });
    const name = make('span', {});
    side.boxes.push(() => { name.textContent = `${nameOf(category, code)} (${digits(counts[code])})`; });
    return make('label', {}, box, ' ', name);
  });
  return make('fieldset', {}, make('legend', {}, category.name), make('div', { className: 'map-choices' }, ...boxes));
};

const rangeOf = (number) => {
  let low = Infinity;
  let high = -Infinity;
  for (const value of number.values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const field = (name) => {
    const input = make('input', { type: 'number', step: 'any', placeholder: digits(name === 'from' ? low : high, 2) });
    input.addEventListener('input', () => {
      const [from, to] = fields.map(({ value }) => value);
      if (from === '' && to === '') filters.ranges.delete(number);
      else filters.ranges.set(number, [from === '' ? -Infinity : +from, to === '' ? Infinity : +to]);
      changed();
    });
    return input;
  };
  const fields = [field('from'), field('to')];
  return make('fieldset', {}, make('legend', {}, number.name),
    make('div', { className: 'map-range' },
      make('label', {}, 'from ', fields[0]), make('label', {}, 'to ', fields[1])));
};

const memberField = () => {
  const input = make('input', { type: 'text', autocomplete: 'off', inputMode: 'text', placeholder: 'such as 12, 40' });
  input.addEventListener('input', () => {
    const names = input.value.split(/[\s,;]+/).filter(Boolean);
    filters.members = names.length
      ? new Set(names.map((name) => map.members.indexOf(name)).filter((code) => code >= 0)) : null;
    changed();
  });
  return make('fieldset', {}, make('legend', {}, 'member'), make('label', {}, 'numbers, by commas ', input));
};

const writeFilters = async () => {
  const form = at('map-filters');
  const clear = make('button', { type: 'reset' }, 'Clear all filters');
  for (const category of map.categories.filter(({ names }) => names.length > 1)) {
    form.append(choiceOf(category));
    await idle();
  }
  form.append(...map.numbers.map(rangeOf));
  if (map.members.length) form.append(memberField());
  form.append(clear);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('reset', () => {
    for (const wanted of filters.categories.values()) wanted.clear();
    filters.ranges.clear();
    filters.members = null;
    changed();
  });
  side.boxes.forEach((write) => write());
};

const writeColours = () => {
  const select = at('map-colour');
  const ways = [...map.categories, ...map.numbers];
  ways.forEach(({ name }, i) => select.append(make('option', { value: String(i) }, name)));
  select.addEventListener('change', () => {
    paintBy(ways[+select.value]);
    writeLegend();
    redraw();
  });
  if (!ways.length) ways.push({ name: 'row', values: new Float32Array(count) });
  paintBy(ways[0]);
};

const prepareSearch = () => {
  const room = at('map-search');
  if (!head.texts) {
    room.remove();
    return;
  }
  const deep = at('map-deep');
  let timer = 0;
  const write = (text, last = false) => {
    at('map-found').textContent = text;
    if (last) tell(text);  // a reader of screens need not hear how far it has come
  };
  const start = () => {
    clearTimeout(timer);
    write('Searching …');
    timer = setTimeout(() => search(at('map-words').value, deep.checked, write, changed), 150);
  };
  at('map-words').addEventListener('input', start);
  deep.addEventListener('change', start);
};
