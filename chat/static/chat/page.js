// What the server put into the page: data, strings, and pieces of markup to clone.

export const byId = (id) => document.getElementById(id);

export const page = JSON.parse(byId('page').textContent);

// A string of chat/strings.py with its `{names}` filled in.
export function say(name, values = {}) {
  return page.strings[name].replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

export function clonePart(name) {
  return byId(`part-${name}`).content.firstElementChild.cloneNode(true);
}

export function setIcon(svg, name) {
  svg.querySelector('use').setAttribute('href', `${page.sprite}#${name}`);
}
