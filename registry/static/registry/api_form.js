// Sends what is in the form and shows the answer in place. The server alone judges what is JSON.
const byId = (id) => document.getElementById(id);
const form = byId('form');
const { body, csrfmiddlewaretoken: csrf } = form.elements;
const dialog = byId('delete');

form.addEventListener('submit', (event) => {
  event.preventDefault();
  const { method } = event.submitter.dataset;
  if (method === 'DELETE') {
    ask();
  } else {
    send(method, body.value);
  }
});
dialog?.addEventListener('close', () => dialog.returnValue === 'delete' && send('DELETE'));

function ask() {
  dialog.returnValue = ''; // Escape leaves the one from before
  dialog.showModal();
}

async function send(method, json) {
  if (form.ariaBusy === 'true') {
    return;
  }
  form.ariaBusy = 'true';
  const answered = await answerTo(method, json);
  form.ariaBusy = 'false';
  if (!answered) {
    show(form.dataset.unreachable, '', true);
  } else if (answered.response.ok) {
    take(method, answered);
  } else {
    refuse(answered);
  }
}

// Null where there is none.
async function answerTo(method, json) {
  const headers = { Accept: 'application/json; indent=4', 'Content-Type': 'application/json', 'X-CSRFToken': csrf.value };
  try {
    const response = await fetch(form.action, { method, headers, body: json });
    return { response, text: await response.text() };
  } catch {
    return null;
  }
}

function take(method, { response, text }) {
  if (method === 'DELETE') {
    location.assign(form.dataset.parent);
    return;
  }
  show(statusOf(response), text, false);
  if (method === 'PATCH') {
    byId('document').textContent = text;
    body.defaultValue = current(JSON.parse(text));
  } else if ('hasRows' in form.dataset) {
    byId('made').href = `${form.action.replace(/\/$/, '')}/${JSON.parse(text).id}`;
    byId('made').hidden = false;
  }
  form.reset(); // what was typed may hold a key
}

function refuse({ response, text }) {
  const isOurs = response.headers.get('Content-Type')?.startsWith('application/json'); // and not a proxy's page
  const reason = isOurs ? `: ${JSON.parse(text).error.message}` : '';
  show(statusOf(response) + reason, text, true);
}

const statusOf = (response) => `${response.status} ${response.statusText}`;

// The same fields as before, with what is stored now.
function current(answer) {
  const names = Object.keys(JSON.parse(body.defaultValue));
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, answer[name]])), null, 2);
}

function show(status, text, isBad) {
  byId('answer-status').textContent = status;
  byId('answer-status').classList.toggle('bad', isBad);
  byId('answer').textContent = text;
  byId('answer').hidden = !text;
  byId('made').hidden = true;
}
