// The model selector: a button, and a list that is searched and walked with the keyboard alone.
import { byId, page, say, setIcon } from './page.js';

const FRESH_FOR = 60_000;

export class Picker {
  #button = byId('picker-button');
  #pop = byId('picker-pop');
  #find = byId('picker-find');
  #list = byId('picker-list');
  #active = null;
  #loadedAt = Date.now();
  #onModel;
  #onChoice;

  // onModel(model or null): the page shows another model; onChoice(): somebody chose, be it the same one.
  constructor({ onModel, onChoice }) {
    this.#onModel = onModel;
    this.#onChoice = onChoice;
    this.#button.addEventListener('click', () => (this.isOpen ? this.close() : this.open()));
    this.#find.addEventListener('input', () => this.#filter());
    this.#find.addEventListener('keydown', (event) => this.#key(event));
    this.#list.addEventListener('click', (event) => this.#choose(event.target.closest('.opt')));
    byId('picker-retry').addEventListener('click', () => this.refresh());
    document.addEventListener('pointerdown', (event) => byId('picker').contains(event.target) || this.close());
    this.#pop.addEventListener('focusout', (event) => this.#left(event.relatedTarget));
  }

  get isOpen() {
    return !this.#pop.hidden;
  }

  // What the page shows is what it sends: { id, name, icon }, or null where nothing is chosen.
  get selected() {
    const option = this.#list.querySelector('[aria-selected="true"]');
    return option && { id: option.dataset.model, name: option.dataset.name, icon: option.dataset.icon };
  }

  setDisabled(disabled) {
    this.#button.disabled = disabled;
    if (disabled) {
      this.close();
    }
  }

  open() {
    this.#pop.hidden = false;
    this.#button.ariaExpanded = 'true';
    this.#find.value = '';
    this.#filter();
    this.#find.focus();
    if (Date.now() - this.#loadedAt > FRESH_FOR) {
      this.refresh();
    }
  }

  close() {
    if (this.isOpen) {
      const hadFocus = this.#pop.contains(document.activeElement);
      this.#pop.hidden = true;
      this.#button.ariaExpanded = 'false';
      if (hadFocus) {
        this.#button.focus();
      }
    }
  }

  // Keys, models and defaults change while a page is open. The old list stays usable until the new one is there.
  async refresh() {
    byId('picker-error').hidden = true;
    byId('picker-loading').hidden = false;
    try {
      this.#replace(await fetchOptions());
      this.#loadedAt = Date.now();
    } catch {
      byId('picker-error').hidden = false;
    }
    byId('picker-loading').hidden = true;
  }

  #replace(options) {
    const before = this.selected;
    this.#list.replaceChildren(...options);
    const same = this.#options().find((option) => option.dataset.model === before?.id && isUsable(option));
    this.#select(same ?? null);
    this.#filter();
    if (before && !same) {
      this.#onModel(null);
    }
  }

  #options() {
    return [...this.#list.querySelectorAll('.opt')];
  }

  #visible() {
    return this.#options().filter((option) => !option.hidden);
  }

  #filter() {
    const words = this.#find.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const option of this.#options()) {
      const text = option.dataset.search.toLowerCase();
      option.hidden = !words.every((word) => text.includes(word));
    }
    for (const group of this.#list.querySelectorAll('[role="group"]')) {
      group.hidden = !group.querySelector('.opt:not([hidden])');
    }
    const visible = this.#visible();
    byId('picker-none').hidden = visible.length > 0 || !words.length;
    this.#activate(visible.find((option) => option.ariaSelected === 'true') ?? visible.find(isUsable) ?? visible[0]);
  }

  #key(event) {
    const move = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (move !== undefined) {
      event.preventDefault();
      this.#step(move);
    } else if (event.key === 'Enter' && !event.isComposing) {
      event.preventDefault();
      this.#choose(this.#active);
    } else if (event.key === 'Escape') {
      event.stopPropagation();
      this.close();
    }
  }

  // Options that cannot be used are walked over too: their reason is what somebody may look for.
  #step(move) {
    const visible = this.#visible();
    const index = visible.indexOf(this.#active) + move;
    this.#activate(visible[Math.max(0, Math.min(visible.length - 1, index))]);
  }

  #activate(option) {
    this.#active?.classList.remove('active');
    this.#active = option ?? null;
    this.#find.setAttribute('aria-activedescendant', option?.id ?? '');
    option?.classList.add('active');
    this.#offerKeyPage(option?.dataset.keyPage);
    option?.scrollIntoView({ block: 'nearest' });
  }

  // Below the list: an option of a listbox holds no links.
  #offerKeyPage(address) {
    byId('picker-key').hidden = !address;
    byId('picker-key').querySelector('a').href = address ?? '';
  }

  #choose(option) {
    if (option && !isUsable(option)) {
      this.#activate(option);
    } else if (option) {
      this.#select(option);
      this.close();
      this.#onModel(this.selected);
      this.#onChoice();
    }
  }

  #select(option) {
    this.#options().forEach((other) => (other.ariaSelected = String(other === option)));
    byId('picker-name').textContent = option?.dataset.name ?? say('choose_model');
    setIcon(byId('picker-icon'), option?.dataset.icon ?? 'bot');
  }

  #left(target) {
    if (target && !byId('picker').contains(target)) {
      this.close();
    }
  }
}

function isUsable(option) {
  return option.ariaDisabled !== 'true';
}

// XMLHttpRequest, because it gives a parsed document: under Trusted Types a script cannot parse HTML from a string.
function fetchOptions() {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('GET', page.urls.picker);
    request.responseType = 'document';
    request.timeout = 10_000;
    request.onload = () => {
      const options = request.response?.querySelectorAll('[role="group"], .picker-empty') ?? [];
      if (request.status === 200 && options.length) {
        resolve(options);
      } else {
        reject(new Error(`status ${request.status}`));
      }
    };
    request.onerror = () => reject(new Error('no connection'));
    request.ontimeout = () => reject(new Error('no answer'));
    request.send();
  });
}
