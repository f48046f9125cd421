// Boxes around code and tables, and colours in code. Works on what the parser made and on the stored HTML alike.
import { clonePart, say } from './page.js';
import { highlightedFragment } from './markdown.js';

const LONGEST_COLOURED = 50_000; // characters; above that highlighting costs more than 100 ms

export function codeBox(language) {
  const frame = clonePart('code');
  const code = frame.querySelector('code');
  frame.querySelector('.code-name').textContent = language || say('code');
  frame.querySelector('.label').textContent = say('copy');
  if (language) {
    code.className = `language-${language}`;
  }
  return { frame, code };
}

export function decorate(root) {
  box(root);
  for (const code of root.querySelectorAll('.code code[class]')) {
    if (code.textContent.length < LONGEST_COLOURED) {
      afterLoading(() => whenIdle(() => colour(code)));
    }
  }
}

// Without colours: for a block that is about to be rendered again.
export function box(root) {
  root.querySelectorAll('pre:not(.code pre)').forEach(boxCode);
  root.querySelectorAll('table:not(.table table)').forEach(boxTable);
}

function boxCode(pre) {
  const language = languageOf(pre.querySelector('code'));
  const boxed = codeBox(language);
  boxed.code.textContent = pre.textContent;
  pre.replaceWith(boxed.frame);
}

function languageOf(code) {
  return /language-(\S+)/.exec(code?.className ?? '')?.[1] ?? '';
}

function boxTable(table) {
  const scroller = document.createElement('div');
  scroller.className = 'table';
  scroller.tabIndex = 0;
  scroller.role = 'region';
  scroller.ariaLabel = say('table');
  table.replaceWith(scroller);
  scroller.append(table);
}

// Only languages that are named: guessing is slow and often wrong. Not highlightElement: it writes innerHTML.
function colour(code) {
  const language = languageOf(code);
  if (globalThis.hljs?.getLanguage(language)) {
    code.replaceChildren(highlightedFragment(hljs.highlight(code.textContent, { language }).value));
  }
}

// The highlighter loads after this script; it is there when the document is complete.
function afterLoading(callback) {
  if (document.readyState === 'complete') {
    callback();
  } else {
    addEventListener('load', callback, { once: true });
  }
}

function whenIdle(callback) {
  if (globalThis.requestIdleCallback) {
    requestIdleCallback(callback, { timeout: 500 });
  } else {
    setTimeout(callback);
  }
}
