// Markdown of one message while it streams, in time that grows with the text and not with its square.
// Finished top-level blocks are rendered once and frozen, so that they can be selected and copied. Only the open block
// at the end is rendered again, at most once a frame; an open code fence is one text node that only grows.
import { box, codeBox, decorate } from './code.js';
import { createParser, safeFragment } from './markdown.js';

const OPEN_FENCE = /^ {0,3}(`{3,}|~{3,})([^\n]*)\n/;
const MAYBE_CLOSING = /(?:^|\n) {0,3}[`~]+[ \t]*$/;
const LONGEST_PAUSE = 500; // milliseconds
const HIDDEN_PAUSE = 250;

let parser = null;
const sharedParser = () => (parser ??= createParser());

// The first use of the parser takes 80 ms; better before the first answer than in its first frame.
export function warmUp() {
  (globalThis.requestIdleCallback ?? setTimeout)(() => safeFragment(sharedParser().render('*a* `b`\n\n- c')));
}

export class StreamRenderer {
  #root;
  #tail = document.createElement('div');
  #onPaint;
  #text = '';
  #frozen = 0; // characters of #text that are in frozen blocks
  #references = {}; // link definitions of frozen blocks, for the blocks after them
  #fence = null; // the text node of an open code fence
  #timer = 0;
  #cost = 0;
  #paintedAt = 0;
  #ended = false;

  constructor(root, onPaint = () => {}) {
    this.#root = root;
    this.#onPaint = onPaint;
    this.#tail.className = 'tail';
    root.replaceChildren(this.#tail);
  }

  get text() {
    return this.#text;
  }

  write(chunk) {
    this.#text += chunk;
    this.#schedule();
  }

  end() {
    clearTimeout(this.#timer);
    if (!this.#ended) {
      this.#ended = true;
      this.#freeze(this.#text.length - this.#frozen);
      this.#tail.remove();
      this.#onPaint();
    }
  }

  // At most a quarter of the time goes into painting, however slow the machine is.
  #schedule() {
    if (this.#timer || this.#ended) {
      return;
    }
    const pause = Math.min(LONGEST_PAUSE, this.#cost * 3) - (performance.now() - this.#paintedAt);
    // requestAnimationFrame stands still in a hidden tab.
    const atFrame = () => (document.hidden ? this.#paint() : requestAnimationFrame(() => this.#paint()));
    this.#timer = setTimeout(atFrame, Math.max(0, pause, document.hidden ? HIDDEN_PAUSE : 0));
  }

  #paint() {
    this.#timer = 0;
    if (this.#ended) {
      return;
    }
    const startedAt = performance.now();
    this.#freeze(this.#finishedLength());
    this.#paintTail();
    this.#onPaint();
    this.#paintedAt = performance.now();
    this.#cost = this.#paintedAt - startedAt;
  }

  #paintTail() {
    const fence = this.#leadingFence();
    if (fence && fence.end === null) {
      this.#growFence(fence);
    } else {
      this.#fence = null;
      // A copy: a definition that is still being typed must not settle what a link means.
      const fragment = this.#render(this.#openText, { ...this.#references });
      box(fragment);
      this.#tail.replaceChildren(fragment);
    }
  }

  get #openText() {
    return this.#text.slice(this.#frozen);
  }

  #render(source, references) {
    return safeFragment(sharedParser().render(source, { references }));
  }

  #freeze(length) {
    const source = this.#openText.slice(0, length);
    if (source.trim()) {
      const fragment = this.#render(source, this.#references);
      decorate(fragment);
      this.#tail.before(fragment);
    }
    if (length) {
      this.#frozen += length;
      this.#fence = null;
      this.#tail.replaceChildren();
    }
  }

  // How much of the open text is in blocks that cannot change any more.
  #finishedLength() {
    const fence = this.#leadingFence();
    if (!fence) {
      return this.#lastBlockStart();
    }
    return fence.end ?? 0;
  }

  // Where the last top-level block begins. Decided on whole lines: a half-typed list marker must not move a boundary.
  #lastBlockStart() {
    const source = this.#openText;
    const lines = source.slice(0, source.lastIndexOf('\n') + 1);
    const blocks = sharedParser()
      .parse(lines, {})
      .filter((token) => token.level === 0 && token.map && token.nesting >= 0);
    return blocks.length < 2 ? 0 : offsetOfLine(lines, blocks.at(-1).map[0]);
  }

  // The code fence that the open text begins with, if it does; `end` is null while the fence is open.
  #leadingFence() {
    const source = this.#openText;
    const opening = OPEN_FENCE.exec(source);
    if (!opening) {
      return null;
    }
    const [start, marker, info] = opening;
    const closing = new RegExp(`\\n {0,3}${marker[0]}{${marker.length},}[ \\t]*\\n`);
    const from = start.length - 1;
    const close = closing.exec(source.slice(from));
    return {
      body: source.slice(start.length),
      language: info.trim().split(/\s/)[0],
      end: close && from + close.index + close[0].length,
    };
  }

  #growFence({ body, language }) {
    if (!this.#fence) {
      const { frame, code } = codeBox(language);
      this.#fence = code.appendChild(document.createTextNode(''));
      this.#tail.replaceChildren(frame);
    }
    // A last line of backticks may be the end of the fence; it waits for its line break.
    const shown = body.replace(MAYBE_CLOSING, '');
    this.#fence.appendData(shown.slice(this.#fence.length));
  }
}

function offsetOfLine(text, line) {
  let offset = 0;
  for (let n = line; n > 0; n -= 1) {
    offset = text.indexOf('\n', offset) + 1;
  }
  return offset;
}
