// Copies code as it is, and answers as rich text with their Markdown beside it.
import { page, say, setIcon } from './page.js';
import { announce } from './status.js';

const TICK_FOR = 1_500;

export function setUpCopying(root) {
  root.addEventListener('click', ({ target }) => {
    const button = target.closest('[data-action^="copy-"]');
    if (button) {
      const content = button.dataset.action === 'copy-code' ? code(button) : answer(button);
      copy(content).then(() => confirm(button), () => announce(say('copy_failed')));
    }
  });
}

function code(button) {
  return { 'text/plain': button.closest('.code').querySelector('code').textContent };
}

function answer(button) {
  const message = button.closest('.msg');
  const prose = message.querySelector('.prose');
  return { 'text/plain': page.sources[message.dataset.turn] ?? prose.innerText, 'text/html': cleanHtml(prose) };
}

// Reasoning and tools are outside the prose; inside it, what belongs to the page and not to the text goes.
function cleanHtml(prose) {
  const copied = prose.cloneNode(true);
  copied.querySelectorAll('.code-head').forEach((head) => head.remove());
  for (const element of copied.querySelectorAll('*')) {
    ['class', 'tabindex', 'role', 'aria-label'].forEach((name) => element.removeAttribute(name));
  }
  return copied.innerHTML;
}

async function copy(content) {
  const blobs = Object.entries(content).map(([type, text]) => [type, new Blob([text], { type })]);
  // Absent on plain http outside localhost: the rejection becomes a sentence.
  await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(blobs))]);
}

function confirm(button) {
  announce(say('copied'));
  setIcon(button, 'check');
  const label = button.querySelector('.label');
  if (label) {
    label.textContent = say('copied');
  }
  setTimeout(() => {
    setIcon(button, 'copy');
    if (label) {
      label.textContent = say('copy');
    }
  }, TICK_FOR);
}
