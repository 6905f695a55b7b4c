// One row, opened: what is known of it, and what was said, once it was asked for.

const panel = at('map-panel');
let opened = -1;

const factsOf = (row) => {
  const facts = map.categories.map((category) => [
    category.name, codesOf(category, row).map((code) => nameOf(category, code)).join(', '),
  ]);
  for (const { name, values } of map.numbers) {
    if (!Number.isNaN(values[row])) facts.push([name, digits(values[row], 3)]);
  }
  if (map.member[row] !== NONE) facts.push(['member', map.members[map.member[row]]]);
  return facts.filter(([, value]) => value);
};

const tell = (text) => { at('map-said').textContent = text; };

const describe = (row) => {
  const place = shown[row] ? '' : ' Not among those that are shown.';
  const facts = factsOf(row).map(([name, value]) => `${name} ${value}`).join('; ');
  return `Row ${map.ids[row]}. ${facts}.${place}`;
};

const SPEAKERS = { u: 'User', a: 'Assistant', s: 'System', t: 'Tool', c: 'Chosen', r: 'Rejected', '?': 'Another' };

const said = (who, text) => make('div', { className: 'turn' },
  make('p', { className: 'who' }, who),
  text ? make('p', { className: 'said', dir: 'auto' }, clean(text)) : make('p', { className: 'quiet' }, '(empty)'));

const writeTexts = async (row, room) => {
  room.replaceChildren(make('p', { className: 'quiet' }, 'Reading …'));
  const [words, turns] = await Promise.all([textOf('words', row), textOf('transcripts', row)]);
  if (opened !== row) return;
  const [task, opening] = words || [null, null];
  const told = task === null ? [] : [said('Task, in the words of its author', task)];
  if (turns) {
    turns.slice(1).forEach((text, i) => told.push(said(SPEAKERS[turns[0][i]] || 'Another', text ?? opening)));
  } else {
    if (opening !== null) told.push(said(SPEAKERS.u, opening));
    told.push(make('p', { className: 'quiet' }, 'The rest is not in this page, which would be too large: see the command above.'));
  }
  room.replaceChildren(...told);
};

const reveal = (row) => {
  revealed = true;
  document.dispatchEvent(new Event('map-revealed'));
  openRow(row);
  tell('The texts are shown.');
};

const closePanel = () => {
  opened = -1;
  panel.hidden = true;
  panel.replaceChildren();
  over.focus();
};

const openRow = (row) => {
  opened = row;
  pointed.cursor = row;
  redraw(false);
  const id = map.ids[row];
  const room = make('div', { className: 'map-texts' });
  const title = make('h3', { tabIndex: -1 }, `Row ${id}`);
  const close = make('button', { type: 'button' }, 'Close');
  close.addEventListener('click', closePanel);
  const facts = make('dl', { className: 'facts' });
  for (const [name, value] of factsOf(row)) facts.append(make('dt', {}, name), make('dd', {}, value));
  panel.replaceChildren(
    make('div', { className: 'map-title' }, title, close), facts,
    make('p', { className: 'quiet' }, make('code', {}, `pairsmith show BUILD --id ${id}`)), room,
  );
  panel.hidden = false;
  panel.scrollTop = 0;
  title.focus();
  if (!head.texts) {
    room.append(make('p', { className: 'quiet' }, 'This report was made without texts.'));
  } else if (revealed) writeTexts(row, room);
  else {
    const show = make('button', { type: 'button', className: 'map-show' }, 'Show texts');
    show.addEventListener('click', () => reveal(row));
    room.append(make('div', { className: 'map-warning' },
      make('p', {}, 'What was said is hidden. It is from the dataset and may be offensive or upsetting: discrimination, abuse, violence, self-harm and other matters. Read it with that in mind.'), show));
  }
};
